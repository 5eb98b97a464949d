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

export function showProblems(root, problems, describe) {
    for (const note of root.querySelectorAll("[data-problem-note]")) note.remove();
    for (const control of root.querySelectorAll("[data-problem-control]")) {
        control.removeAttribute("aria-invalid");
        control.removeAttribute("data-problem-control");
        if (control.dataset.describedby) control.setAttribute("aria-describedby", control.dataset.describedby); else control.removeAttribute("aria-describedby");
    }
    for (const problem of problems) showProblem(root, problem, describe(problem));
}

function showProblem(root, problem, id) {
    const place = placeOf(root, problem.pointer);
    if (!place) return;
    const note = document.createElement("p");
    Object.assign(note, { className: "os-error", id, textContent: problem.detail });
    note.setAttribute("data-problem-note", "");
    place.append(note);
    const control = controlIn(place);
    if (control) {
        control.dataset.problemControl = "";
        control.dataset.describedby ??= control.getAttribute("aria-describedby") || "";
        control.setAttribute("aria-invalid", "true");
        control.setAttribute("aria-describedby", [control.dataset.describedby, id].filter(Boolean).join(" "));
    }
    for (let folded = place.closest("details"); folded; folded = folded.parentElement.closest("details")) folded.open = true;
}

// Where a problem is shown: at its place, or the nearest around it.
export function placeOf(root, pointer) {
    for (let at = pointer; ; at = at.slice(0, at.lastIndexOf("/"))) {
        const place = root.querySelector(`[data-at="${CSS.escape(at)}"]`);
        if (place || !at) return place;
    }
}

export const controlIn = (place) => place.querySelector("input:not([type=checkbox]), select, textarea") || place.querySelector("input, button");
