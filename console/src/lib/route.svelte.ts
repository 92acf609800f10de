// SPDX-License-Identifier: Apache-2.0
// The address of a screen, kept behind the # so that any server of static files will do.

export const PAGES = ["alarms", "signals", "cameras", "health"] as const;
export type Page = (typeof PAGES)[number];

export interface Place {
    page: Page | "unknown";
    id: number | null;
}

export function parseRoute(hash: string): Place {
    const [page = "", id = ""] = hash.replace(/^#\/?/, "").split("/");
    if (page === "") {
        return { page: "alarms", id: null };
    }
    const known = PAGES.find((name) => name === page);
    return { page: known ?? "unknown", id: known === "alarms" && /^\d{1,15}$/.test(id) ? Number(id) : null };
}

class Route {
    place = $state.raw<Place>(parseRoute(location.hash));

    constructor() {
        addEventListener("hashchange", () => (this.place = parseRoute(location.hash)));
    }

    go(page: Page, id: number | null = null): void {
        location.hash = `#/${page}${id === null ? "" : `/${id}`}`;
    }

    /** Changes the address without a step in the history. */
    note(id: number | null): void {
        if (this.place.page === "alarms" && this.place.id !== id) {
            history.replaceState(null, "", `#/alarms${id === null ? "" : `/${id}`}`);
            this.place = { page: "alarms", id };
        }
    }
}

export const route = new Route();
