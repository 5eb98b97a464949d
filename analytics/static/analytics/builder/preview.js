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
        this.number = new Intl.NumberFormat(document.documentElement.lang);
        this.percent = new Intl.NumberFormat(document.documentElement.lang, { style: "percent", maximumFractionDigits: 1 });
        this.clock = new Intl.DateTimeFormat(document.documentElement.lang, { timeZone: context.zone, timeStyle: "medium" });
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
        if (!signal.aborted) this.showFigures(number.told);
        return this.post("shares,sample", signal);
    }

    post(parts, signal) {
        const { urls, csrf } = this.context;
        return post(urls.preview, { rule: this.rule, parts }, csrf, signal);
    }

    show({ status, told }) {
        if (status !== 200) {
            this.wait(told.code === "too_slow" ? this.words.too_slow : told.detail);
            return;
        }
        this.showFigures({ ...this.figured, ...told });
        this.sample.replaceChildren(...this.drawSample(told.sample));
        this.say(this.words.counted.replace("%s", this.clock.format(new Date(told.as_of))), "counted");
    }

    showFigures(told) {
        const { words, number } = this;
        this.figured = told;
        const revenue = told.revenue && { number: told.revenue.shown, share: told.revenue.share };
        this.figures.replaceChildren(this.drawFigure(words.customers, told.customers), ...(told.orders ? [this.drawFigure(words.orders, told.orders), this.drawFigure(words.revenue, revenue)] : []));
        document.getElementById("sb-count").textContent = `${words.customers}: ${number.format(told.customers.number)}`;
    }

    drawFigure(label, { number, of, share }) {
        const isKnown = typeof share === "number";
        const bar = h("div", { class: "sb-bar", "aria-hidden": "true" }, h("div", {}));
        bar.firstChild.style.width = `${100 * (share ?? 0)}%`;
        const part = isKnown && (of === undefined ? this.percent.format(share) : this.words.of_all.replace("%(all)s", this.number.format(of)).replace("%(share)s", this.percent.format(share)));
        return h("div", { class: "sb-figure" }, h("dt", {}, label), h("dd", {}, h("strong", {}, typeof number === "number" ? this.number.format(number) : number), part ? h("span", { class: "os-quiet" }, part) : null),
            isKnown ? h("dd", {}, bar) : null);
    }

    drawSample(sample) {
        const { words } = this;
        if (!sample.length) return [h("p", { class: "os-quiet" }, words.nobody)];
        const name = (customer) => customer.name || customer.external_id;
        return [h("h3", {}, words.some_of_them), h("ul", { class: "sb-sample" }, sample.map((customer) => h("li", {},
            customer.url ? h("a", { class: "os-link", href: customer.url, target: "_blank", rel: "noopener" }, name(customer)) : h("strong", {}, name(customer)),
            customer.why.length ? h("ul", { class: "sb-why", "aria-label": words.why }, customer.why.map((reason) => h("li", {}, reason))) : null)))];
    }
}
