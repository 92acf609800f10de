/* SPDX-License-Identifier: Apache-2.0 */
/* A SQLite VFS for tests that passes everything to the system's and fails writes or syncs on order.
 */
#pragma once

#include <sqlite3.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* Counts down on every write (sync) of the database and its WAL; at 0 that call and, with `stays`,
 * every later one fails with `write_rc` (`sync_rc`). Negative: never. */
static struct {
    atomic_int writes_left, write_rc;
    atomic_int syncs_left, sync_rc;
    atomic_bool stays;
} fault = {.writes_left = -1, .syncs_left = -1};

struct fault_file {
    sqlite3_file base;
    sqlite3_file *real;
};

static sqlite3_file *fault_real(sqlite3_file *f)
{
    return ((struct fault_file *)(void *)f)->real;
}

static bool fault_due(atomic_int *left)
{
    if (*left < 0)
        return false;
    if (*left > 0) {
        (*left)--;
        return false;
    }
    if (!fault.stays)
        *left = -1;
    return true;
}

static int fault_close(sqlite3_file *f)
{
    return fault_real(f)->pMethods == NULL ? SQLITE_OK
                                           : fault_real(f)->pMethods->xClose(fault_real(f));
}
static int fault_read(sqlite3_file *f, void *p, int n, sqlite3_int64 at)
{
    return fault_real(f)->pMethods->xRead(fault_real(f), p, n, at);
}
static int fault_write(sqlite3_file *f, const void *p, int n, sqlite3_int64 at)
{
    if (fault_due(&fault.writes_left)) {
        /* A disk that fills up takes a part first. */
        (void)fault_real(f)->pMethods->xWrite(fault_real(f), p, n / 2, at);
        return fault.write_rc;
    }
    return fault_real(f)->pMethods->xWrite(fault_real(f), p, n, at);
}
static int fault_truncate(sqlite3_file *f, sqlite3_int64 n)
{
    return fault_real(f)->pMethods->xTruncate(fault_real(f), n);
}
static int fault_sync(sqlite3_file *f, int flags)
{
    if (fault_due(&fault.syncs_left))
        return fault.sync_rc;
    return fault_real(f)->pMethods->xSync(fault_real(f), flags);
}
static int fault_size(sqlite3_file *f, sqlite3_int64 *n)
{
    return fault_real(f)->pMethods->xFileSize(fault_real(f), n);
}
static int fault_lock(sqlite3_file *f, int level)
{
    return fault_real(f)->pMethods->xLock(fault_real(f), level);
}
static int fault_unlock(sqlite3_file *f, int level)
{
    return fault_real(f)->pMethods->xUnlock(fault_real(f), level);
}
static int fault_reserved(sqlite3_file *f, int *out)
{
    return fault_real(f)->pMethods->xCheckReservedLock(fault_real(f), out);
}
static int fault_control(sqlite3_file *f, int op, void *arg)
{
    return fault_real(f)->pMethods->xFileControl(fault_real(f), op, arg);
}
static int fault_sector(sqlite3_file *f)
{
    return fault_real(f)->pMethods->xSectorSize(fault_real(f));
}
static int fault_traits(sqlite3_file *f)
{
    return fault_real(f)->pMethods->xDeviceCharacteristics(fault_real(f));
}
static int fault_shm_map(sqlite3_file *f, int page, int size, int extend, void volatile **p)
{
    return fault_real(f)->pMethods->xShmMap(fault_real(f), page, size, extend, p);
}
static int fault_shm_lock(sqlite3_file *f, int at, int n, int flags)
{
    return fault_real(f)->pMethods->xShmLock(fault_real(f), at, n, flags);
}
static void fault_shm_barrier(sqlite3_file *f)
{
    fault_real(f)->pMethods->xShmBarrier(fault_real(f));
}
static int fault_shm_unmap(sqlite3_file *f, int gone)
{
    return fault_real(f)->pMethods->xShmUnmap(fault_real(f), gone);
}

static const sqlite3_io_methods fault_methods = {
    2,
    fault_close,
    fault_read,
    fault_write,
    fault_truncate,
    fault_sync,
    fault_size,
    fault_lock,
    fault_unlock,
    fault_reserved,
    fault_control,
    fault_sector,
    fault_traits,
    fault_shm_map,
    fault_shm_lock,
    fault_shm_barrier,
    fault_shm_unmap,
    NULL,
    NULL,
};

static int fault_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *f, int flags,
                      int *out_flags)
{
    struct fault_file *file = (struct fault_file *)(void *)f;
    sqlite3_vfs *real = vfs->pAppData;
    file->real = (sqlite3_file *)(void *)(file + 1);
    memset(file->real, 0, (size_t)real->szOsFile);
    int rc = real->xOpen(real, name, file->real, flags, out_flags);
    file->base.pMethods = rc == SQLITE_OK ? &fault_methods : NULL;
    return rc;
}

static inline void fault_vfs_register(void)
{
    static sqlite3_vfs vfs;
    if (vfs.zName != NULL)
        return;
    sqlite3_vfs *real = sqlite3_vfs_find(NULL);
    vfs = *real;
    vfs.szOsFile = real->szOsFile + (int)sizeof(struct fault_file);
    vfs.pNext = NULL;
    vfs.zName = "fault";
    vfs.pAppData = real;
    vfs.xOpen = fault_open;
    (void)sqlite3_vfs_register(&vfs, 0);
}

static inline void fault_none(void)
{
    fault.writes_left = fault.syncs_left = -1;
    fault.stays = false;
}
