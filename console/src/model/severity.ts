// SPDX-License-Identifier: Apache-2.0
// Severity is shown four ways at once: fill, shape, digit and word.

import type { Priority } from "../api/types.ts";
import type { TextKey } from "../lib/texts.ts";

export interface Severity {
    word: TextKey;
    shape: "octagon" | "triangle" | "square" | "hexagon" | "circle";
    token: "critical" | "high" | "medium" | "trouble" | "low";
}

export const SEVERITIES: Record<Priority, Severity> = {
    1: { word: "severity.1", shape: "octagon", token: "critical" },
    2: { word: "severity.2", shape: "triangle", token: "high" },
    3: { word: "severity.3", shape: "square", token: "medium" },
    4: { word: "severity.4", shape: "hexagon", token: "trouble" },
    5: { word: "severity.5", shape: "circle", token: "low" },
};

export const PRIORITIES: readonly Priority[] = [1, 2, 3, 4, 5];
