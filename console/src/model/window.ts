// SPDX-License-Identifier: Apache-2.0
// The arithmetic of the fixed-row list: which rows to draw, and how to scroll so that a held row (it has
// the focus or the pointer) stays where it is on the screen while others come and go around it.

export interface Window {
    first: number;
    last: number; // one past
}

export function visibleRows(scrollTop: number, pad: number, height: number, row: number, count: number,
    overscan = 4): Window {
    const first = Math.max(0, Math.floor((scrollTop - pad) / row) - overscan);
    const last = Math.min(count, Math.ceil((scrollTop - pad + height) / row) + overscan);
    return { first: Math.min(first, count), last: Math.max(last, 0) };
}

export interface Anchor {
    scrollTop: number;
    /** Empty space above row 0, when a held row would otherwise have to move up. */
    pad: number;
}

/** Where to scroll when the held row goes from index `from` to `to`. */
export function hold(now: Anchor, from: number, to: number, row: number): Anchor {
    const wanted = now.scrollTop - now.pad + (to - from) * row;
    return { scrollTop: Math.max(0, wanted), pad: Math.max(0, -wanted) };
}

/** The scroll position that brings a row into view; unchanged when it already is. */
export function reveal(now: Anchor, index: number, height: number, row: number): number {
    const top = now.pad + index * row;
    if (top < now.scrollTop) {
        return top;
    }
    if (top + row > now.scrollTop + height) {
        return top + row - height;
    }
    return now.scrollTop;
}

/** How many rows lie wholly above what is seen. */
export function hiddenAbove(now: Anchor, row: number): number {
    return Math.max(0, Math.floor((now.scrollTop - now.pad) / row + 0.01));
}
