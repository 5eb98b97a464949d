/* What the server says of the definition as it stands: sentences, and what is wrong with it. It is the only validator. */

const QUIET_MS = 350;

export class Checker {
    constructor(editor, told) {
        this.editor = editor;
        this.told = told;
        this.asked = 0;
    }

    soon() {
        this.isDue = true; // something changed of which it was not asked yet
        clearTimeout(this.timer);
        this.timer = setTimeout(() => this.now(), QUIET_MS);
    }

    async now() {
        clearTimeout(this.timer);
        this.isDue = false;
        const number = ++this.asked;
        const { urls, csrf, campaign } = this.editor.context;
        const body = new URLSearchParams({ definition: this.editor.text(), campaign: campaign ?? "" });
        try {
            const answer = await fetch(urls.check, { method: "POST", headers: { "X-CSRFToken": csrf }, body });
            if (answer.ok && number === this.asked) this.told(await answer.json());
        } catch {
            // Without a connection it is not known; keeping says so.
        }
    }
}

// How often what the trigger names happened of late: asked of the server once it is a trigger at all, and once for each.
export class Frequency {
    constructor(editor, told) {
        this.editor = editor;
        this.told = told;
        this.asked = "";
    }

    async look(isTrigger) {
        const { urls, csrf, definition } = this.editor.context;
        const trigger = isTrigger ? JSON.stringify(definition.trigger) : "";
        if (trigger === this.asked) return;
        this.asked = trigger;
        if (!trigger) return this.told("");
        try {
            const answer = await fetch(urls.often, { method: "POST", headers: { "X-CSRFToken": csrf, "Content-Type": "application/json" }, body: trigger });
            if (answer.ok && trigger === this.asked) this.told((await answer.json()).sentence || "");
        } catch {
            this.asked = ""; // asked again with the next change
        }
    }
}
