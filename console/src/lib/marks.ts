// SPDX-License-Identifier: Apache-2.0
// The marks of the way from a device's signal to an operator who sees it. Each once per incident.

export type Mark = "alarm:rx" | "alarm:paint" | "alarm:sound" | "alarm:clip" | "alarm:live";

const done = new Set<string>();

export function mark(name: Mark, incident: number): void {
    const key = `${name} ${incident}`;
    if (!done.has(key)) {
        done.add(key);
        performance.mark(name, { detail: { incident } });
    }
}
