/* The window over a page: htmx fills it, the browser's own <dialog> gives it focus, Escape and the way back. */
"use strict";
(() => {
    const win = () => document.getElementById("os-window");
    let isStale = false; // something was saved behind the window
    let openedFrom = ""; // the id of what opened it, which may be drawn anew meanwhile

    document.addEventListener("htmx:configRequest", (event) => {
        const token = document.querySelector("[name=csrfmiddlewaretoken]");
        if (token) event.detail.headers["X-CSRFToken"] = token.value;
    });

    // Opened as soon as it is filled: whoever closes it before it has settled does not want it back.
    document.addEventListener("htmx:afterSwap", (event) => {
        if (event.detail.target.id !== "os-window-body" || win().open) return;
        openedFrom = document.activeElement.id;
        win().showModal();
    });

    document.addEventListener("htmx:afterSettle", (event) => {
        if (event.detail.target.id !== "os-window-body" || !win().open) return;
        const at = win().querySelector("[aria-invalid=true]") || win().querySelector("[autofocus]");
        if (at) at.focus();
    });

    // Browsers forget about autofocus when a page comes late.
    document.addEventListener("DOMContentLoaded", () => {
        // unfold's icons are words to whoever listens: “rocket_launch Start”.
        for (const icon of document.querySelectorAll(".material-symbols-outlined:not([aria-hidden])")) {
            const holder = icon.closest("a, button");
            const isAllItSays = holder && !holder.title && !holder.ariaLabel && holder.textContent.trim() === icon.textContent.trim();
            if (!isAllItSays) icon.ariaHidden = "true"; // the shop's sign leads to the start, and has no other name
        }
        const at = document.querySelector("#content [autofocus]");
        if (at && document.activeElement === document.body) at.focus();
        const tab = document.querySelector(".os-tabs [aria-current]"); // on the phone there may be more than fit
        if (tab) tab.parentElement.scrollLeft = tab.offsetLeft - tab.parentElement.offsetLeft - 24;
    });

    // Where a part of a page was asked for and the login came: it is needed for the whole page.
    document.addEventListener("htmx:beforeSwap", (event) => {
        if (!new URL(event.detail.xhr.responseURL, window.location).pathname.endsWith("/login/")) return;
        event.preventDefault();
        window.location.reload();
    });

    document.addEventListener("os-saved", () => { isStale = true; });

    document.addEventListener("click", (event) => {
        const closer = event.target.closest("[data-close]");
        if (closer && win() && win().contains(closer)) { event.preventDefault(); win().close(); }
        if (win() && event.target === win()) {
            const box = win().getBoundingClientRect();
            const inside = event.clientX >= box.left && event.clientX <= box.right && event.clientY >= box.top && event.clientY <= box.bottom;
            if (!inside) win().close();
        }
        const copier = event.target.closest("[data-copy]");
        if (copier) {
            const from = document.getElementById(copier.dataset.copy);
            from.select();
            if (navigator.clipboard) navigator.clipboard.writeText(from.value); else document.execCommand("copy");
            copier.querySelector("[data-copied]").textContent = copier.dataset.done;
        }
    });

    document.addEventListener("close", (event) => {
        if (event.target.id !== "os-window") return;
        if (isStale) window.location.reload();
        const at = openedFrom && document.getElementById(openedFrom);
        if (at && (document.activeElement === document.body || win().contains(document.activeElement))) at.focus();
    }, true);

    // Letters that are no Latin letter with a mark on it, as they are usually written in Latin ones.
    const LATIN = Object.fromEntries(("а:a б:b в:v г:g ґ:g д:d ђ:dj е:e ё:e є:ye ж:zh з:z и:i і:i ї:yi й:y ј:j к:k л:l љ:lj м:m "
        + "н:n њ:nj о:o п:p р:r с:s т:t ћ:c у:u ў:u ф:f х:kh ц:ts ч:ch џ:dz ш:sh щ:shch ъ: ы:y ь: э:e ю:yu я:ya ә:a ғ:g қ:q ң:n ө:o "
        + "ұ:u ү:u һ:h α:a β:v γ:g δ:d ε:e ζ:z η:i θ:th ι:i κ:k λ:l μ:m ν:n ξ:x ο:o π:p ρ:r σ:s ς:s τ:t υ:y φ:f χ:ch ψ:ps ω:o "
        + "ß:ss æ:ae œ:oe ø:o ł:l đ:d ð:d þ:th ħ:h ı:i ŋ:n").split(" ").map((pair) => pair.split(":")));
    // й and ё are letters, not и and е with a mark, so letters come before marks.
    const inLatin = (text) => [...text.toLowerCase().normalize("NFC")].map((sign) => LATIN[sign] ?? sign).join("")
        .normalize("NFKD").replace(/\p{M}/gu, "").replace(/./gu, (sign) => LATIN[sign] ?? sign);
    // What stands between the parts of a code, and what is left out of it: "ascii" with hyphens, "ascii_" with low lines.
    const SUGGESTED = { ascii: [/[^a-z0-9]+/g, "-"], ascii_: [/[^a-z0-9]+/g, "_"] };

    // A code is suggested from the name until it is written by hand.
    document.addEventListener("input", (event) => {
        const field = event.target;
        if (field.dataset.suggests) {
            const code = document.getElementById(field.dataset.suggests);
            if (code && !code.dataset.touched) {
                const [others, between] = SUGGESTED[code.dataset.suggested] || [/[^\p{L}\p{N}]+/gu, "_"];
                code.value = inLatin(field.value.trim()).replace(others, between).replace(/^[_-]+/, "").slice(0, code.maxLength > 0 ? code.maxLength : 64).replace(/[_-]+$/, "");
                if (code.value && (code.dataset.reserved || "").split(" ").includes(code.value)) code.value += "-2";
                code.dispatchEvent(new Event("os:suggested", { bubbles: true }));
            }
        } else if (field.matches("[data-suggested]")) {
            field.dataset.touched = field.value ? "1" : "";
            if (!field.value) delete field.dataset.touched;
        }
    });
})();
