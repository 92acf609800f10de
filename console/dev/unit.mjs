// SPDX-License-Identifier: Apache-2.0
// Runs the unit tests: bundles each test/unit/*.test.ts for Node and hands them to Node's own runner.
import { spawnSync } from "node:child_process";
import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "vite";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const OUT = join(ROOT, "node_modules", ".unit");
const tests = readdirSync(join(ROOT, "test", "unit")).filter((name) => name.endsWith(".test.ts"));

rmSync(OUT, { recursive: true, force: true });
await build({
    root: ROOT,
    configFile: false,
    logLevel: "warn",
    build: {
        ssr: true,
        outDir: OUT,
        target: "node20",
        rollupOptions: {
            input: Object.fromEntries(tests.map((name) => [name.replace(".ts", ""), join(ROOT, "test", "unit", name)])),
            output: { entryFileNames: "[name].mjs" },
        },
    },
});
const files = tests.map((name) => join(OUT, name.replace(".ts", ".mjs")));
const run = spawnSync(process.execPath, ["--test", ...files], { stdio: "inherit", cwd: ROOT });
process.exit(run.status ?? 1);
