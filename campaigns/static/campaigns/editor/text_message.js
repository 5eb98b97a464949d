/* The control `text_message`: a text with what can be put into it, looked at by the server at each pause of typing.

   What the server says of it (campaigns/admin/texts.py) is shown as it comes: what is wrong with line and column, how it
   comes out for real orders, what that costs, the signs that make it dearer, and who would get it when. */

import { h, icon, iconButton, labelled, newId } from "../../analytics/rules/dom.js";

const PAUSE_MS = 400;

export function drawTextMessage({ field, value, set, at, params, context }) {
    const { text: told } = context.vocabulary;
    const { words } = told;
    const text = h("textarea", { class: "os-input ed-text", rows: "4", maxlength: told.longest, spellcheck: "true", oninput: () => { set(text.value); later(); } });
    text.value = value ?? "";

    const write = (written) => { text.value = written; set(written); later(); };
    const insert = (written) => {
        text.setRangeText(written, text.selectionStart, text.selectionEnd, "end");
        write(text.value);
        text.focus();
    };

    // What the server said last, and which of the orders is shown.
    let seen = { previews: [], dear: [] };
    let shown = 0;
    let asking = null;
    let pause = 0;

    const problem = h("div", { class: "tm-problem", id: newId(), role: "status", "aria-live": "polite" });
    text.setAttribute("aria-errormessage", problem.id);
    const preview = h("section", { class: "tm-preview", "aria-label": words.preview });
    const size = h("p", { class: "tm-size", role: "status", "aria-live": "polite" });
    const dear = h("div", { class: "tm-dear" });
    const who = h("ul", { class: "tm-who" });
    const test = h("div", {});

    function later() {
        clearTimeout(pause);
        pause = setTimeout(look, PAUSE_MS);
    }

    async function look() {
        if (!root.isConnected || context.readOnly) return;
        if (asking) asking.abort();
        asking = new AbortController();
        const { signal } = asking;
        try {
            const answer = await post(told.look, { signal });
            const looked = await answer.json();
            if (!answer.ok || answer.redirected) throw new Error(looked.detail);
            seen = looked;
            shown = Math.min(shown, Math.max(seen.previews.length - 1, 0));
            draw();
        } catch (error) {
            if (error.name !== "AbortError") size.replaceChildren(words.not_looked);
        }
    }

    const post = (url, { signal, ...more } = {}) => fetch(url, {
        method: "POST", signal, headers: { "X-CSRFToken": context.csrf, "Content-Type": "application/json" },
        body: JSON.stringify({ text: text.value, purpose: params.purpose, deliver: params.deliver, sender: params.sender, trigger: context.definition.trigger, ...more }),
    });

    function draw() {
        problem.replaceChildren(...drawProblem(seen.problem));
        // What the check of the whole says of it, it goes on saying.
        if (seen.problem && text.value) text.setAttribute("aria-invalid", "true");
        else if (!text.getAttribute("aria-describedby")) text.removeAttribute("aria-invalid");
        drawPreview();
        dear.replaceChildren(...drawDear());
        who.replaceChildren(...[["verified_user", seen.consent], ["schedule", seen.hours]].filter(([, said]) => said).map(([name, said]) => h("li", {}, icon(name), h("span", {}, said))));
        if (!test.contains(document.activeElement)) test.replaceChildren(...drawTest()); // nobody loses what they type there
    }

    function drawProblem(wrong) {
        if (!wrong || !text.value) return [];
        if (!wrong.line) return [h("p", { class: "os-error" }, wrong.detail)];
        const place = words.place.replace("%(line)s", wrong.line).replace("%(column)s", wrong.column);
        const go = () => { const index = indexOf(text.value, wrong); text.focus(); text.setSelectionRange(index, index + 1); };
        return [h("p", { class: "os-error" }, `${place}: ${wrong.detail} `, h("button", { type: "button", class: "os-link", onclick: go }, words.go_there))];
    }

    function show(place) {
        shown = place;
        drawPreview();
    }

    function drawPreview() {
        const { previews, longest } = seen;
        const one = previews[shown];
        preview.hidden = !one && Boolean(seen.problem);
        if (!one) {
            size.replaceChildren();
            return preview.replaceChildren(h("p", { class: "os-quiet" }, words.nothing));
        }
        const number = words.of.replace("%(number)s", shown + 1).replace("%(all)s", previews.length);
        const turn = (label, symbol, by) => iconButton(label, symbol, { disabled: !previews[shown + by], "data-turn": by, onclick: () => { show(shown + by); focusTurn(by); } });
        const isLongest = shown === longest && previews.length > 1;
        preview.replaceChildren(
            h("div", { class: "tm-head" },
                h("span", { class: "tm-order" }, words.order.replace("%s", one.order), h("span", { class: "os-quiet" }, ` ${one.customer}${isLongest ? ` · ${words.is_longest}` : ""}`)),
                previews.length > 1 ? [
                    turn(words.previous, "chevron_left", -1), h("span", { class: "os-quiet os-number tm-of" }, number), turn(words.next, "chevron_right", 1),
                    isLongest || longest === null ? null : h("button", { type: "button", class: "os-button os-small", onclick: () => { show(longest); focusTurn(1); } }, words.longest),
                ] : null),
            one.problem ? h("p", { class: "os-note os-warning" }, one.problem) : h("div", { class: "os-bubble" }, one.text || h("span", { class: "os-quiet" }, words.empty)),
            ...[seen.near, one.values].filter(Boolean).map((said) => h("p", { class: "os-help" }, said)));
        size.replaceChildren(one.size);
        return preview;
    }

    // A button that was pressed is drawn anew: the keyboard stays with it, or with its neighbour where it ends.
    const focusTurn = (by) => (preview.querySelector(`[data-turn="${by}"]:not(:disabled)`) || preview.querySelector("[data-turn]:not(:disabled)"))?.focus();

    function drawDear() {
        if (!seen.offer) return [];
        const said = (sign) => (sign.plain === "" ? words.left_out.replace("%s", sign.sign) : words.becomes.replace("%(sign)s", sign.sign).replace("%(plain)s", sign.plain));
        const shown = (sign) => h("li", { "aria-label": said(sign) }, h("code", {}, sign.sign), " → ", sign.plain === "" ? "∅" : h("code", {}, sign.plain));
        const replace = () => { write(plainly(text.value, seen.dear)); text.focus(); };
        return [h("div", { class: "os-note os-warning" },
            h("p", {}, words.dear), h("ul", { class: "tm-signs" }, seen.dear.map(shown)),
            h("p", { class: "os-actions" }, h("button", { type: "button", class: "os-button os-small", onclick: replace }, words.replace), h("span", {}, seen.offer)))];
    }

    function drawTest() {
        const open = test.querySelector("details")?.open;
        const typed = test.querySelector("input")?.value || "";
        if (!seen.may_test || !seen.previews[shown]) return [];
        const to = h("input", { class: "os-input", type: "tel", autocomplete: "tel", value: typed });
        const said = h("p", { role: "status", "aria-live": "polite" });
        const send = async () => {
            said.className = "os-help";
            said.replaceChildren(words.sending);
            const answer = await post(told.test, { to: to.value, order: seen.previews[shown]?.order_id, change: seen.previews[shown]?.change }).catch(() => null);
            const spoken = answer ? await answer.json().catch(() => ({})) : {};
            said.className = `os-note os-${spoken.tone || "bad"}`;
            said.replaceChildren(spoken.said || spoken.detail || words.not_sent);
        };
        // Enter in a field would save the whole campaign.
        to.addEventListener("keydown", (event) => { if (event.key === "Enter") { event.preventDefault(); send(); } });
        return [h("details", { class: "tm-test", open: Boolean(open) }, h("summary", {}, words.test),
            labelled(words.to, to, null, words.test_help),
            h("button", { type: "button", class: "os-button os-small", onclick: send }, icon("send"), words.send), said)];
    }

    const root = h("div", { class: "tm" },
        labelled(field.label, text, at, field.help), problem,
        context.readOnly ? null : drawPicker(told, insert),
        preview, size, dear, who, test);
    setTimeout(look, 0);
    return root;
}

// What can be put in: what most texts need, and folded all there is, by what it is about.
function drawPicker({ groups, words }, insert) {
    const all = groups.flatMap((group) => group.variables);
    const button = (variable) => h("button", { type: "button", class: "ed-variable", title: variable.example ? `${variable.name}, ${words.such_as.replace("%s", variable.example)}` : variable.name, onclick: () => insert(variable.written) }, variable.label);
    const named = (label, variables) => {
        const id = newId();
        return h("div", { role: "group", "aria-labelledby": id }, h("span", { class: "os-label", id }, label), h("div", { class: "tm-variables" }, variables.map(button)));
    };
    return h("div", { class: "tm-picker" },
        h("div", { class: "tm-variables", role: "group", "aria-label": words.insert }, h("span", { class: "os-quiet" }, words.insert), all.filter((variable) => variable.usual).map(button)),
        h("details", {}, h("summary", {}, words.more), groups.map((group) => named(group.label, group.variables))));
}

// Where a line and a column, both counted from 1, stand in a text.
export function indexOf(text, { line, column }) {
    const before = text.split("\n").slice(0, line - 1).reduce((sum, each) => sum + each.length + 1, 0);
    return Math.min(before + column - 1, text.length);
}

// The text with the plain sign at each place of a dear one. The server counts places by characters, scripts by halves of
// some of them, so it goes by characters.
export function plainly(text, dear) {
    const signs = [...text];
    for (const { places, plain } of dear) if (plain !== null) for (const place of places) signs[place] = plain;
    return signs.join("");
}
