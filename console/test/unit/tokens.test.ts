// SPDX-License-Identifier: Apache-2.0
// The token sheet: contrast by the WCAG 2 formula, and distance between severities for normal sight and
// three colour-vision deficiencies (CIE76 in Lab; full-strength matrices of Machado, Oliveira, Fernandes 2009).
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

type Rgb = readonly [number, number, number];

const sheet = readFileSync(join(process.cwd(), "src", "app.css"), "utf8");

function tokensOf(theme: "dark" | "light"): Record<string, Rgb> {
    const blocks = [...sheet.matchAll(/:root\s*\{([^}]*)\}/g)].map((match) => match[1] ?? "");
    const text = theme === "dark" ? blocks[0] : `${blocks[0]}${blocks[1]}`;
    const out: Record<string, Rgb> = {};
    for (const [, name, hex] of (text ?? "").matchAll(/--([\w-]+):\s*#([0-9a-f]{6})/g)) {
        const n = Number.parseInt(hex ?? "", 16);
        out[name ?? ""] = [n >> 16, (n >> 8) & 255, n & 255];
    }
    return out;
}

const linear = (c: number): number => (c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4);
const mul = (m: readonly Rgb[], v: Rgb): Rgb =>
    m.map((row) => row[0] * v[0] + row[1] * v[1] + row[2] * v[2]) as unknown as Rgb;

function contrast(a: Rgb, b: Rgb): number {
    const light = (c: Rgb): number => 0.2126 * linear(c[0]) + 0.7152 * linear(c[1]) + 0.0722 * linear(c[2]);
    const [high, low] = [light(a), light(b)].sort((x, y) => y - x) as [number, number];
    return (high + 0.05) / (low + 0.05);
}

function lab(rgb: Rgb): Rgb {
    const xyz = mul([[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.072175], [0.0193339, 0.119192, 0.9503041]], rgb);
    const f = (t: number): number => (t > 216 / 24389 ? Math.cbrt(t) : (24389 / 27 * t + 16) / 116);
    const [x, y, z] = [f(xyz[0] / 0.95047), f(xyz[1]), f(xyz[2] / 1.08883)];
    return [116 * y - 16, 500 * (x - y), 200 * (y - z)];
}

const SIGHTS: Record<string, readonly Rgb[]> = {
    normal: [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
    protan: [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    deutan: [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
    tritan: [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.3039]],
};

function seen(rgb: Rgb, matrix: readonly Rgb[]): Rgb {
    const out = mul(matrix, [linear(rgb[0]), linear(rgb[1]), linear(rgb[2])]);
    return lab(out.map((c) => Math.min(1, Math.max(0, c))) as unknown as Rgb);
}

const SEVERITIES = ["critical", "high", "medium", "trouble", "low"];
const SURFACES = ["bg-base", "bg-surface", "bg-raised", "bg-overlay"];

for (const theme of ["dark", "light"] as const) {
    const token = (name: string): Rgb => {
        const found = tokensOf(theme)[name];
        assert.ok(found, `${theme} ${name}`);
        return found;
    };

    test(`tokens, ${theme}: text is readable on every surface, edges are visible`, () => {
        for (const surface of SURFACES) {
            for (const text of ["text", "text-2", "text-muted", "accent"]) {
                assert.ok(contrast(token(text), token(surface)) >= 4.5, `${text} on ${surface}`);
            }
            assert.ok(contrast(token("line-strong"), token(surface)) >= 3, `line on ${surface}`);
        }
        assert.ok(contrast(token("on-accent"), token("accent")) >= 4.5);
    });

    test(`tokens, ${theme}: the digit is readable on its fill`, () => {
        for (const name of SEVERITIES) {
            assert.ok(contrast(token(name), token(`on-${name}`)) >= 4.5, name);
        }
    });

    for (const [sight, matrix] of Object.entries(SIGHTS)) {
        test(`tokens, ${theme}: severities stay apart for ${sight} sight`, () => {
            for (const [i, a] of SEVERITIES.entries()) {
                for (const b of SEVERITIES.slice(i + 1)) {
                    const [p, q] = [seen(token(a), matrix), seen(token(b), matrix)];
                    const distance = Math.hypot(p[0] - q[0], p[1] - q[1], p[2] - q[2]);
                    assert.ok(distance >= 25, `${a} and ${b}: ${distance.toFixed(1)}`);
                }
            }
        });
    }
}
