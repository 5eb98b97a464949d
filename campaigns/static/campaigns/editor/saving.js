/* What is typed is kept: after a moment of quiet for whoever types it, and on leaving as the draft, if it is right. */

const QUIET_MS = 1500;
const LONGEST_MS = 10_000;
const AGAIN_MS = 5000;
const MOST_BYTES_LEAVING = 60_000; // what browsers send for a page that is gone

export class Keeper {
    constructor(editor, show) {
        this.editor = editor;
        this.show = show;
        this.saved = editor.text(); // as it is on the server
        this.form = document.getElementById("campaign-form");
        window.addEventListener("pagehide", () => this.onGone());
        window.addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); }); // what it held went to the server
        window.addEventListener("beforeunload", (event) => { if (this.isUnkept && this.hasFailed && !this.isSent) event.preventDefault(); });
    }

    get isDirty() {
        return this.editor.context.mayEdit && this.editor.text() !== this.saved;
    }

    get isUnkept() {
        return this.isDirty && this.editor.text() !== this.kept;
    }

    // Something was typed.
    soon() {
        if (!this.isUnkept) return;
        this.since ??= Date.now();
        clearTimeout(this.timer);
        this.timer = setTimeout(() => this.keep(), Math.max(0, Math.min(QUIET_MS, this.since + LONGEST_MS - Date.now())));
    }

    body(how) {
        const body = new FormData();
        const field = (name) => this.form.elements[name].value;
        const told = { csrfmiddlewaretoken: this.editor.context.csrf, definition: this.editor.text(), ...how };
        for (const name of ["revision", "page", "begun", "as_of"]) told[name] = field(name);
        for (const [name, value] of Object.entries(told)) body.append(name, value);
        return body;
    }

    async keep(how = {}) {
        clearTimeout(this.timer);
        this.since = null;
        if (this.isBusy) { this.timer = setTimeout(() => this.keep(how), 300); return null; }
        this.isBusy = true;
        const text = this.editor.text();
        this.show({ isBusy: true });
        try {
            const answer = await fetch(this.editor.context.urls.keep, { method: "POST", body: this.body(how) });
            const told = answer.headers.get("Content-Type")?.includes("json") ? await answer.json() : {};
            if (!answer.ok) throw new Error(told.detail || `${answer.status}`);
            this.took(text, told);
            return told;
        } catch (error) {
            this.hasFailed = true;
            this.show({ error: error instanceof TypeError ? this.editor.context.words.no_connection : error.message });
            this.timer = setTimeout(() => this.keep(), AGAIN_MS);
            return null;
        } finally {
            this.isBusy = false;
        }
    }

    took(text, told) {
        this.hasFailed = false;
        if (told.saved) {
            this.saved = text;
            this.form.elements.revision.value = told.saved;
        } else {
            this.kept = text;
            history.replaceState(null, "", `?begun=${told.begun}`); // loaded anew, the page shows this
        }
        this.show(told);
    }

    // To be saved as the draft before something else is done. Answers what came of it.
    save() {
        return this.keep({ leaving: "1" });
    }

    onGone() {
        if (this.isSent || !this.isDirty) return;
        this.isSent = true;
        const body = this.body({ leaving: "1" });
        if (this.editor.text().length < MOST_BYTES_LEAVING) navigator.sendBeacon(this.editor.context.urls.keep, body);
        else fetch(this.editor.context.urls.keep, { method: "POST", body });
    }
}
