// SPDX-License-Identifier: Apache-2.0
// What this seat prefers; kept in the browser, never needed to work.

export function readFlag(name: string, standard: boolean): boolean {
    try {
        const text = localStorage.getItem(`tocsin.${name}`);
        return text === null ? standard : text === "1";
    } catch {
        return standard;
    }
}

export function writeFlag(name: string, value: boolean): void {
    try {
        localStorage.setItem(`tocsin.${name}`, value ? "1" : "0");
    } catch {
        // a browser without storage keeps the choice until the page is closed
    }
}
