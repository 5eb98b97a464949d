/* A question to the server about what is typed: asked after a moment of quiet, and again while the server is away. Of
   several answers only that to the last question counts. */

const AGAIN_MS = [2000, 4000, 8000, 15000];

export class Asking {
    // `ask(signal)` answers a promise; `on` has begun(), told(answer), failed(error), each about the last question alone.
    constructor(quietMs, ask, on) {
        Object.assign(this, { quietMs, ask, on, number: 0, tries: 0 });
        addEventListener("online", () => { if (this.isAway) this.now(); });
    }

    soon() {
        this.stop();
        this.tries = 0;
        this.timer = setTimeout(() => this.now(), this.quietMs);
    }

    // What was asked is of no interest any more.
    stop() {
        clearTimeout(this.timer);
        this.number += 1;
        this.isAway = false;
        this.aborter?.abort();
    }

    async now() {
        this.stop();
        const { number } = this;
        this.aborter = new AbortController();
        this.on.begun?.();
        try {
            const answer = await this.ask(this.aborter.signal);
            if (number !== this.number) return;
            this.tries = 0;
            this.on.told(answer);
        } catch (error) {
            if (number !== this.number) return;
            this.isAway = true;
            this.on.failed?.(error);
            this.timer = setTimeout(() => this.now(), AGAIN_MS[Math.min(this.tries++, AGAIN_MS.length - 1)]);
        }
    }
}

// Posts a form and answers { status, told }. What is no answer (the server is away, somebody is signed out) is an error.
export async function post(url, fields, csrf, signal) {
    const answer = await fetch(url, { method: "POST", headers: { "X-CSRFToken": csrf, Accept: "application/json" }, body: new URLSearchParams(fields), signal });
    if (answer.redirected || answer.status === 403) throw new SignedOut();
    if (answer.status >= 500 || !answer.headers.get("Content-Type")?.includes("json")) throw new TypeError(`${answer.status}`);
    return { status: answer.status, told: await answer.json() };
}

export class SignedOut extends Error {}
