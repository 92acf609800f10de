// SPDX-License-Identifier: Apache-2.0
// Every shortcut in one table: what help prints, what buttons announce, and what the handler looks up.
// Single letters act only outside text fields and can be switched off as a group; function keys always act.

import type { TextKey } from "../lib/texts.ts";

export type Scope = "anywhere" | "queue" | "incident";

export interface Binding {
    scope: Scope;
    key: string;
    shift?: boolean;
    command: Command;
    text: TextKey;
}

export type Command =
    | "next-fresh" | "previous-fresh" | "silence" | "help" | "escape"
    | "down" | "up" | "home" | "end" | "open"
    | "pickup" | "close" | "note" | "replay";

export const BINDINGS: readonly Binding[] = [
    { scope: "anywhere", key: "F8", command: "next-fresh", text: "key.next-fresh" },
    { scope: "anywhere", key: "F8", shift: true, command: "previous-fresh", text: "key.previous-fresh" },
    { scope: "anywhere", key: "F9", command: "silence", text: "key.silence" },
    { scope: "anywhere", key: "Escape", command: "escape", text: "key.escape" },
    { scope: "anywhere", key: "?", command: "help", text: "key.help" },
    { scope: "queue", key: "ArrowDown", command: "down", text: "key.down" },
    { scope: "queue", key: "ArrowUp", command: "up", text: "key.up" },
    { scope: "queue", key: "j", command: "down", text: "key.down" },
    { scope: "queue", key: "k", command: "up", text: "key.up" },
    { scope: "queue", key: "Home", command: "home", text: "key.home" },
    { scope: "queue", key: "End", command: "end", text: "key.end" },
    { scope: "queue", key: "Enter", command: "open", text: "key.open" },
    { scope: "queue", key: "a", command: "pickup", text: "key.pickup" },
    { scope: "incident", key: "a", command: "pickup", text: "key.pickup" },
    { scope: "incident", key: "d", command: "close", text: "key.close" },
    { scope: "incident", key: "t", command: "note", text: "key.note" },
    { scope: "incident", key: "r", command: "replay", text: "key.replay" },
];

export interface KeyPress {
    key: string;
    shiftKey: boolean;
    ctrlKey: boolean;
    altKey: boolean;
    metaKey: boolean;
}

export interface Place {
    /** The regions the focus is in, the innermost first; "anywhere" is understood. */
    scopes: readonly Scope[];
    inTextField: boolean;
    lettersOn: boolean;
}

/** A key that types something: it must never act from inside a text field. */
export function isLetter(key: string): boolean {
    return [...key].length === 1;
}

export function lookup(press: KeyPress, place: Place): Command | null {
    if (press.ctrlKey || press.altKey || press.metaKey) {
        return null;
    }
    const letter = isLetter(press.key);
    if (letter && (place.inTextField || !place.lettersOn)) {
        return null;
    }
    const key = letter ? press.key.toLowerCase() : press.key;
    for (const scope of [...place.scopes, "anywhere" as const]) {
        const inside = scope !== "anywhere" && place.inTextField;
        const found = BINDINGS.find((row) => row.scope === scope && row.key === key
            && (letter || (row.shift ?? false) === press.shiftKey));
        if (found && !inside) {
            return found.command;
        }
    }
    return null;
}

/** What a button prints and exposes for its command, e.g. "A". */
export function keyOf(command: Command): string {
    const row = BINDINGS.find((binding) => binding.command === command);
    const key = row ? (isLetter(row.key) ? row.key.toUpperCase() : row.key) : "";
    return row?.shift ? `Shift+${key}` : key;
}
