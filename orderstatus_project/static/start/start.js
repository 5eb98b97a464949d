/* The start page, live: asks every second and a half while somebody can see it, and changes only what changed. */
"use strict";
(() => {
    const page = document.getElementById("start");
    if (!page) return;

    const EVERY_MS = 1500, AFTER_FAILURE_MS = 4000;
    const at = (id) => document.getElementById(id);
    const token = page.querySelector("[name=csrfmiddlewaretoken]").value;
    const ages = new Intl.RelativeTimeFormat(document.documentElement.lang, { style: "short", numeric: "auto" });
    const lasts = new Intl.NumberFormat(document.documentElement.lang, { style: "unit", unit: "second", unitDisplay: "narrow" });
    const clock = new Intl.DateTimeFormat(document.documentElement.lang, { hour: "2-digit", minute: "2-digit", hour12: false, timeZone: page.dataset.zone });
    let timer = 0, mine = "", isFirst = true;

    async function ask(address, fields) {
        const options = fields ? { method: "POST", headers: { "X-CSRFToken": token }, body: new URLSearchParams(fields) } : {};
        const answer = await fetch(address, { ...options, headers: { Accept: "application/json", ...(options.headers || {}) } });
        if (answer.redirected || answer.status === 403) { window.location.reload(); throw new Error("logged out"); }
        if (!answer.ok && answer.status !== 422) throw new Error(String(answer.status));
        return answer.json();
    }

    /* Keeps what is there, moves nothing that stays, lets in what is new. */
    function reconcile(list, html) {
        if (list.dataset.html === html) return;
        list.dataset.html = html;
        const fresh = document.createElement("template");
        fresh.innerHTML = html;
        const kept = new Map([...list.children].map((item) => [item.dataset.key, item]));
        let before = null;
        for (const item of [...fresh.content.children].reverse()) {
            const old = kept.get(item.dataset.key);
            kept.delete(item.dataset.key);
            let stays = old;
            if (!old || old.dataset.was !== item.innerHTML) {
                const was = item.innerHTML;
                item.dataset.was = was;
                if (old) old.replaceWith(item);
                else if (!isFirst) item.classList.add("is-new");
                stays = item;
            }
            if (stays.nextElementSibling !== before || stays.parentNode !== list) list.insertBefore(stays, before);
            if (stays === item) window.htmx.process(stays);
            before = stays;
        }
        for (const gone of kept.values()) gone.remove();
    }

    function tellTimes() {
        const now = Date.now();
        for (const time of page.querySelectorAll("time[data-age]")) time.textContent = age((Date.parse(time.dateTime) - now) / 1000);
        for (const time of page.querySelectorAll("time[data-clock]")) time.textContent = clock.format(Date.parse(time.dateTime));
        for (const left of page.querySelectorAll("[data-until]")) left.textContent = lasts.format(Math.max(0, Math.ceil((Date.parse(left.dataset.until) - now) / 1000)));
        at("st-clock").textContent = clock.format(now);
    }

    function age(seconds) {
        if (seconds > -3) return ages.format(0, "second");
        if (seconds > -60) return ages.format(Math.round(seconds), "second");
        if (seconds > -3600) return ages.format(Math.round(seconds / 60), "minute");
        return seconds > -86400 ? ages.format(Math.round(seconds / 3600), "hour") : ages.format(Math.round(seconds / 86400), "day");
    }

    function showLive(is) {
        const live = at("st-live");
        if (live.dataset.is === is) return;
        live.dataset.is = is;
        live.lastElementChild.textContent = live.dataset[is];
    }

    function showControls({ paused, fast }) {
        showLive(paused ? "paused" : "on");
        press(at("st-fast"), fast);
        const pause = at("st-pause");
        if (!press(pause, paused)) return;
        const words = pause.lastElementChild;
        words.textContent = paused ? words.dataset.on : words.dataset.off;
        pause.firstElementChild.textContent = paused ? "play_arrow" : "pause";
    }

    function press(button, is) {
        if (!button || button.getAttribute("aria-pressed") === String(is)) return false;
        button.setAttribute("aria-pressed", String(is));
        return true;
    }

    function showMine(html) {
        const box = at("st-answer");
        if (!box || !html || box.dataset.html === html) return;
        box.dataset.html = html;
        box.innerHTML = html;
        window.htmx.process(box);
        const stands = box.querySelector("[data-stands]");
        at("st-stands").innerHTML = stands.innerHTML;
        const run = box.querySelector("[data-run]"), why = at("st-why");
        why.hidden = !run;
        if (run) { why.href = run.dataset.run; why.setAttribute("hx-get", run.dataset.run); window.htmx.process(why); }
        at("st-after").hidden = false;
    }

    async function look() {
        clearTimeout(timer);
        if (document.hidden) return;
        let next = EVERY_MS;
        try {
            const now = await ask(page.dataset.live + (mine ? `?mine=${mine}` : ""));
            reconcile(at("st-phone"), now.phone);
            reconcile(at("st-strip"), now.strip);
            showMine(now.mine);
            showControls(now.controls);
            tellTimes();
            isFirst = false;
        } catch {
            showLive("off");
            next = AFTER_FAILURE_MS;
        }
        clearTimeout(timer);
        timer = setTimeout(look, next);
    }

    async function act(button, address, fields, done) {
        button.disabled = true;
        try { done(await ask(address, fields)); } catch { showLive("off"); }
        button.disabled = false;
    }

    const form = at("st-form");
    if (form) form.addEventListener("submit", (event) => {
        event.preventDefault();
        act(form.querySelector("button"), page.dataset.move, { status: at("st-status").value }, (answer) => {
            at("st-said").textContent = "";
            if (!answer.mine) { at("st-answer").textContent = answer.said; return; }
            mine = answer.mine;
            at("st-answer").dataset.html = "";
            // Ready for the next move: between the pickup point and the road, a text each time.
            const next = at("st-status").selectedOptions[0].dataset.code === "at_pickup_point" ? "shipped" : "at_pickup_point";
            at("st-status").querySelector(`[data-code=${next}]`).selected = true;
            look();
            setTimeout(look, 500);
        });
    });

    const again = at("st-again");
    if (again) again.addEventListener("click", () => act(again, page.dataset.again, { mine }, (answer) => { at("st-said").textContent = answer.said; look(); }));

    const pause = at("st-pause"), fast = at("st-fast");
    if (pause) pause.addEventListener("click", () => act(pause, page.dataset.control, { paused: pause.getAttribute("aria-pressed") === "true" ? "0" : "1" }, (answer) => showControls(answer.controls)));
    if (fast) fast.addEventListener("click", () => act(fast, page.dataset.control, { fast: fast.getAttribute("aria-pressed") === "true" ? "0" : "1" }, (answer) => showControls(answer.controls)));

    // The API's page remembers a key under this name: see persistAuthorization of Swagger UI.
    const docs = at("st-docs");
    if (docs && docs.dataset.key) docs.addEventListener("click", () => {
        const scheme = { type: "http", scheme: "bearer" };
        localStorage.setItem("authorized", JSON.stringify({ apiKey: { name: "apiKey", schema: scheme, value: docs.dataset.key } }));
    });

    document.addEventListener("visibilitychange", look);
    setInterval(() => { if (!document.hidden) tellTimes(); }, 1000);
    tellTimes();
    look();
})();
