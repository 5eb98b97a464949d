/* Who is in the segment as it stands, beside the rule: how many customers, what share that is, and a few of them.

   The number is asked first, and all else once it is there: somebody who goes on building waits for neither. */

import { h } from "../rules/dom.js";
import { Asking, SignedOut, post } from "./asking.js";

const QUIET_MS = 350;

export class Preview {
    constructor(box, context) {
        Object.assign(this, { box, context, words: context.words });
        for (const name of ["status", "figures", "sample", "again"]) this[name] = box.querySelector(`[data-${name}]`);
        this.again.addEventListener("click", () => this.asking.now());
        this.asking = new Asking(QUIET_MS, (signal) => this.ask(signal), {
            told: (told) => this.show(told),
            failed: (error) => this.say(error instanceof SignedOut ? this.words.signed_out : this.words.no_connection, "away"),
        });
    }

    // The rule as it stands is right: count it.
    count(rule) {
        const text = JSON.stringify(rule);
        if (text === this.rule && this.box.dataset.state !== "waiting") return;
        this.rule = text;
        this.say(this.words.counting, "counting");
        this.asking.soon();
    }

    // It cannot be counted as it stands.
    wait(why) {
        this.asking.stop();
        this.say(why, "waiting");
    }

    say(text, state) {
        this.box.dataset.state = state;
        if (this.status.textContent !== text) this.status.textContent = text;
        this.again.hidden = state !== "away";
    }

    async ask(signal) {
        this.say(this.words.counting, "counting");
        const number = await this.post("count", signal);
        if (number.status !== 200) return number;
        if (!signal.aborted) this.showFigures(number.told.figures);
        return this.post("shares,sample", signal);
    }

    post(parts, signal) {
        const { urls, csrf } = this.context;
        return post(urls.preview, { rule: this.rule, parts }, csrf, signal);
    }

    show({ status, told }) {
        if (status !== 200) {
            this.wait(told.problem);
            return;
        }
        this.showFigures(told.figures);
        this.sample.replaceChildren(...this.drawSample(told.sample));
        this.say(told.counted, "counted");
    }

    showFigures(figures) {
        const [count] = figures;
        this.figures.replaceChildren(...figures.map(drawFigure));
        document.getElementById("sb-count").textContent = `${count.label}: ${count.value}`;
    }

    drawSample(sample) {
        const { words } = this;
        if (!sample) return []; // it is not for whoever may not see customers
        if (!sample.length) return [h("p", { class: "os-quiet" }, words.nobody)];
        return [h("h3", {}, words.some_of_them), h("ul", { class: "sb-sample" }, sample.map(({ name, url, why }) => h("li", {},
            h("a", { class: "os-link", href: url, target: "_blank", rel: "noopener" }, name),
            why.length ? h("ul", { class: "sb-why", "aria-label": words.why }, why.map((reason) => h("li", {}, reason))) : null)))];
    }
}

function drawFigure({ label, value, of, share }) {
    const bar = h("div", { class: "sb-bar", "aria-hidden": "true" }, h("div", {}));
    bar.firstChild.style.width = `${share ?? 0}%`;
    return h("div", { class: "sb-figure" }, h("dt", {}, label), h("dd", {}, h("strong", {}, value), of ? h("span", { class: "os-quiet" }, of) : null), share === null ? null : h("dd", {}, bar));
}
