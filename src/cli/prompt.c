/* SPDX-License-Identifier: Apache-2.0 */
/* Secrets from a file or from the terminal, never from the command line, where every user of the
 * machine could read them. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "cli/site_file.h"
#include "runtime/secrets.h"

/* One line from the terminal FD without its end. */
static enum tc_err read_line(int fd, struct tc_buf *out)
{
    for (;;) {
        char c = 0;
        ssize_t n = read(fd, &c, 1);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return TC_E_CLOSED;
        if (c == '\n' || c == '\r')
            return out->err;
        tc_buf_add_u8(out, (uint8_t)c);
        if (out->err != TC_OK)
            return out->err;
    }
}

static enum tc_err write_text(int fd, const char *text)
{
    size_t len = strlen(text);
    return write(fd, text, len) == (ssize_t)len ? TC_OK : TC_E_IO;
}

/* Asks without echo. Signals wait meanwhile, so that Ctrl-C does not leave the terminal without
 * echo. */
static enum tc_err ask(int fd, const char *prompt, struct tc_buf *out)
{
    struct termios before;
    if (tcgetattr(fd, &before) != 0)
        return TC_E_CLOSED;
    struct termios quiet = before;
    quiet.c_lflag &= ~(tcflag_t)(ECHO | ISIG);
    if (tcsetattr(fd, TCSAFLUSH, &quiet) != 0)
        return TC_E_IO;
    enum tc_err err = write_text(fd, prompt);
    if (err == TC_OK)
        err = read_line(fd, out);
    (void)tcsetattr(fd, TCSAFLUSH, &before);
    (void)write_text(fd, "\n");
    if (err == TC_OK && memchr(tc_buf_cstr(out), 3, out->len) != NULL)
        return TC_E_CLOSED; /* Ctrl-C */
    return err;
}

static enum tc_err ask_twice(int fd, const char *prompt, bool again, struct tc_buf *out,
                             struct tc_errinfo *info)
{
    enum tc_err err = ask(fd, prompt, out);
    if (err != TC_OK)
        return tc_fail(info, err, "nothing was entered");
    if (!again)
        return TC_OK;
    struct tc_buf second;
    tc_buf_init(&second, SECRET_BYTES_MAX + 64);
    err = ask(fd, "once more: ", &second);
    bool same = err == TC_OK && tc_slice_eq(tc_buf_view(out), tc_buf_view(&second));
    secret_wipe(&second);
    if (!same)
        return tc_fail(info, TC_E_CONFLICT, "the two entries differ; nothing was changed");
    return TC_OK;
}

enum tc_err cli_secret_read(const struct cli_args *args, const char *prompt, bool again,
                            struct tc_buf *out, struct tc_errinfo *info)
{
    const char *file = args->values[CLI_OPT_FILE];
    if (file != NULL) {
        TC_TRY(cli_file_read(file, SECRET_BYTES_MAX, out, info));
        if (out->len > 0 && out->data[out->len - 1] == '\n')
            out->len--;
        if (out->len > 0 && out->data[out->len - 1] == '\r')
            out->len--;
        return TC_OK;
    }
    int fd = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (fd < 0)
        return tc_fail(info, TC_E_CLOSED,
                       "no terminal to ask on; use --file FILE, or --file - for standard input");
    enum tc_err err = ask_twice(fd, prompt, again, out, info);
    (void)close(fd);
    return err;
}
