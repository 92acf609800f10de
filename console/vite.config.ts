// SPDX-License-Identifier: Apache-2.0
// The build: hashed files in dist/, and beside each text file its gzip form, which the binary embeds
// and serves as it is.
import { gzipSync } from "node:zlib";
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig, type Plugin } from "vite";

function gzipBeside(): Plugin {
    return {
        name: "gzip-beside",
        apply: "build",
        generateBundle: {
            order: "post",
            handler(_options, bundle) {
                for (const file of Object.values(bundle)) {
                    const text = file.type === "chunk" ? file.code : file.source;
                    const bytes = Buffer.from(text);
                    const packed = gzipSync(bytes, { level: 9 });
                    if (packed.length < bytes.length * 0.9) {
                        this.emitFile({ type: "asset", fileName: `${file.fileName}.gz`, source: packed });
                    }
                }
            },
        },
    };
}

export default defineConfig({
    plugins: [svelte(), gzipBeside()],
    build: {
        target: "es2022",
        assetsInlineLimit: 0, // a data: address would need a wider content policy
        modulePreload: { polyfill: false },
        reportCompressedSize: true,
        sourcemap: false,
        rolldownOptions: { checks: { pluginTimings: false } },
    },
});
