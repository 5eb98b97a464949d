/* What a rule was before, to be undone; typing on is one edit. */

const MOST_UNDONE = 200;
const ONE_EDIT_MS = 1200;

export class History {
    constructor(value) {
        this.now = JSON.stringify(value);
        this.past = [];
        this.future = [];
        this.typedAt = 0;
    }

    // Answers whether it is another value than before.
    wrote(value, { isTyped = false } = {}) {
        const next = JSON.stringify(value);
        if (next === this.now) return false;
        const goesOn = isTyped && Date.now() - this.typedAt < ONE_EDIT_MS;
        if (!goesOn) this.past.push(this.now);
        if (this.past.length > MOST_UNDONE) this.past.shift();
        this.typedAt = isTyped ? Date.now() : 0;
        this.future = [];
        this.now = next;
        return true;
    }

    undo() { return this.restore(this.past, this.future); }
    redo() { return this.restore(this.future, this.past); }

    // Answers the value that is back, or undefined.
    restore(from, to) {
        if (!from.length) return undefined;
        to.push(this.now);
        this.now = from.pop();
        this.typedAt = 0;
        return JSON.parse(this.now);
    }
}
