/* How many orders wait at each step of what runs, came through it, and took each way out: asked for again and again
   while somebody looks, one question at a time. */

import { h } from "../../analytics/rules/dom.js";
import { TRIGGER } from "./panel.js";

const AGAIN_MS = 4000;
const PATIENCE_MS = 15_000;

export class Counts {
    constructor(editor, told) {
        this.live = editor.context.live;
        this.told = told;
        this.steps = {};
        if (!this.live) return;
        document.addEventListener("visibilitychange", () => this.look());
        this.look();
    }

    async look() {
        clearTimeout(this.timer);
        if (document.hidden || this.isAsking || this.isOver) return;
        this.isAsking = true;
        try {
            const answer = await fetch(this.live.counts, { signal: AbortSignal.timeout(PATIENCE_MS) });
            if (answer.ok && answer.headers.get("Content-Type").includes("json")) this.take(await answer.json());
            else this.isOver = answer.status < 500; // signed out, or it is not theirs to see any more
        } catch {
            // Without a connection the last numbers stay.
        } finally {
            this.isAsking = false;
        }
        this.timer = setTimeout(() => this.look(), AGAIN_MS);
    }

    take(told) {
        const text = JSON.stringify(told);
        if (text === this.text) return;
        this.text = text;
        this.steps = told.steps;
        this.isOver = told.is_over;
        this.told(told);
    }

    // Of the step with this key, if it is a step of what runs: what is counted there, and by its ways out.
    at(key, kind) {
        const step = this.steps[key === TRIGGER ? "" : key];
        return step && (key === TRIGGER || step.kind === kind) ? step : null;
    }
}

// The numbers of a step, or of one way out of it, as links: kept up to date in place, so that none is lost under a hand.
export function drawCounts(editor, key, way) {
    const place = h("span", { class: way === undefined ? "ed-counts" : "ed-count", "data-counts": key, "data-way": way });
    fillCounts(editor, place);
    return place;
}

export function fillCounts(editor, place) {
    const counts = shownAt(editor, place.dataset.counts, place.dataset.way);
    if (place.children.length !== counts.length || counts.some(({ what }, number) => place.children[number].dataset.what !== what)) {
        place.replaceChildren(...counts.map(({ what }) => h("a", { class: "os-link", "data-what": what })));
    }
    counts.forEach(({ number, words, url }, at) => {
        const link = place.children[at];
        const text = place.dataset.way === undefined ? words : number;
        if (link.textContent !== text) link.textContent = text;
        link.href = url;
        link.classList.toggle("ed-none", number === "0");
        if (text === number) { link.title = words; link.setAttribute("aria-label", words); }
    });
}

function shownAt(editor, key, way) {
    const step = editor.countsAt(key);
    if (!step) return [];
    if (way === undefined) return step.counts;
    return step.ways[way] ? [step.ways[way]] : [];
}
