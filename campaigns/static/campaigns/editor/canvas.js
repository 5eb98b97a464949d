/* The canvas: our tree shown by sequential-workflow-designer. It draws and moves; what it would change goes to the model
   instead, which tells every view, this one too. So the designer's own definition is only ever made from ours. */

import { h, icon } from "../../analytics/rules/dom.js";
import { escape } from "./model.js";
import { TRIGGER } from "./panel.js";

const WIDTH = 244;
const PADDING = 14;
const LINE = 17;
const MOST_LINES = 3;
const NAME_LINE = 18;
const GAP = { x: 150, y: 46 };
const BETWEEN = 28;
const FORK = 26; // from a step to the labels of its branches, and from the branches to where they meet again
const LABEL = 24;
const END = 30;
const MARGIN = 20;
const COUNTS = 30; // the foot of a card, with its numbers
const ON_CARDS = { waiting: { x: PADDING, anchor: "start" }, failed: { x: WIDTH / 2, anchor: "middle" }, through: { x: WIDTH - PADDING, anchor: "end" } };
const SMALLEST = 0.2;
const READABLE = 0.75;

export class Canvas {
    constructor(box, editor) {
        this.box = box;
        this.editor = editor;
        this.words = editor.context.words;
        this.tags = new WeakMap(); // of the designer's lists: where they are in our tree, and whether they end
        this.armed = null;
        this.measure = document.createElement("canvas").getContext("2d");
        this.place = h("div", { class: "ed-stage", tabindex: "0", role: "application", "aria-label": this.words.canvas, onkeydown: (event) => this.onKey(event) });
        this.said = h("p", { class: "os-sr", "aria-live": "polite" });
        this.menu = h("div", { class: "ed-menu", role: "menu", hidden: true });
        this.hint = h("p", { class: "ed-hint", role: "status", hidden: true });
        box.replaceChildren(this.drawToolbox(), h("div", { class: "ed-stage-box" }, this.place, this.hint, this.menu, this.said));
        document.getElementById("ed-zoom").replaceChildren(...this.drawZoom()); // above the canvas: over it they would lie on cards
        // The designer draws nothing in a box without a size, such as one in a tab that is not shown.
        new ResizeObserver(() => this.resized()).observe(this.place);
        this.place.addEventListener("mousemove", (event) => { this.pointer = event; });
        this.place.addEventListener("mousedown", () => { this.closeMenu(); this.place.classList.add("ed-by-mouse"); this.place.focus({ preventScroll: true }); }, true);
        for (const name of ["keydown", "blur"]) this.place.addEventListener(name, () => this.place.classList.remove("ed-by-mouse"));
        document.addEventListener("keydown", (event) => { if (event.key === "Escape") this.arm(null); });
    }

    resized() {
        if (!this.place.clientWidth || !this.place.clientHeight) return;
        if (!this.designer) this.create();
        else this.api.workspace.updateCanvasSize();
    }

    create() {
        const swd = window.sequentialWorkflowDesigner;
        const drawn = { sequence: this.build(), properties: {} };
        this.designer = swd.Designer.create(this.place, drawn, {
            theme: "ours",
            isReadonly: !this.editor.context.mayEdit,
            toolbox: false,
            editors: false,
            controlBar: false,
            contextMenu: false,
            keyboard: false,
            steps: {
                isDraggable: (step) => step.id !== TRIGGER,
                canInsertStep: (step, list, place) => this.added(step, list, place),
                canMoveStep: (_from, step, list, place) => this.moved(step, list, place),
            },
            customActionHandler: (action, _step, list) => this.asked(list, action.place),
            extensions: [this.extension(swd)],
        });
        this.designer.onSelectedStepIdChanged.subscribe(() => this.selected(this.designer.getSelectedStepId()));
        if (this.editor.chosen) this.designer.selectStepById(this.editor.chosen);
    }

    // From our tree to the designer's

    build() {
        const { trigger, steps } = this.editor.model.definition;
        const kind = this.editor.context.vocabulary.triggers.find((each) => each.key === trigger.kind);
        const root = this.buildList(steps, "/steps", false);
        root.unshift({ id: TRIGGER, componentType: "card", type: "trigger", name: this.words.starts, icon: kind ? kind.icon : "bolt", says: this.editor.saysOf(TRIGGER), properties: {} });
        this.tags.get(root).before = 1;
        return root;
    }

    buildList(steps, at, ends) {
        const list = steps.map((step, place) => this.buildStep(step, `${at}/${place}`));
        this.tags.set(list, { at, ends, before: 0 });
        return list;
    }

    buildStep(step, at) {
        const { model } = this.editor;
        const kind = model.kinds.get(step.kind);
        const ways = model.branchesOf(step).map((branch) => ({ ...branch, list: this.buildList(model.stepsOf(step, branch.key), `${at}/branches/${escape(branch.key)}`, branch.ends) }));
        const shown = { id: step.key, kind: step.kind, type: "step", name: kind ? kind.label : step.kind, icon: kind ? kind.icon : "help", says: this.editor.saysOf(step.key), ends: Boolean(kind && kind.ends), properties: {} };
        // Ways that few use are shown once one of them is: a text is one card, not a fork.
        const isQuiet = ways.every((way) => way.seldom && !way.list.length) && !this.editor.isUnfolded(`${TRIGGER}${step.key}`);
        if (!ways.length || isQuiet) return { ...shown, componentType: "card" };
        return { ...shown, componentType: "fork", ways, branches: Object.fromEntries(ways.map((way) => [way.key, way.list])) };
    }

    draw() {
        // What is being dragged, and where it may go, must stay until it is let go.
        this.isOverdue = this.isDragging;
        if (!this.designer || this.isDragging) return;
        this.designer.getDefinition().sequence = this.build();
        this.designer.updateRootComponent();
    }

    // The sentence of a step changed, or what is wrong with it.
    told() {
        this.draw();
    }

    // Other numbers are written where they stand, so that none is lost under a hand; where there was none, all is drawn.
    counted() {
        if (!this.designer) return;
        const links = new Map([...this.place.querySelectorAll("[data-count]")].map((link) => [link.dataset.count, link]));
        const counts = [...this.counts(this.designer.getDefinition().sequence)];
        if (counts.length !== links.size || counts.some(([name]) => !links.has(name))) this.draw();
        else for (const [name, count, text] of counts) writeCount(links.get(name), count, text);
    }

    // [what it is called, the count, its text] of all that is counted at these steps. Keys hold no spaces.
    * counts(list) {
        for (const step of list) {
            yield* this.countsOnCard(step);
            for (const way of step.ways || []) {
                yield* this.countsOnWay(step, way);
                yield* this.counts(way.list);
            }
        }
    }

    countsOnCard(step) {
        const counts = (this.editor.countsAt(step.id)?.counts || []).filter(({ what }) => what in ON_CARDS);
        const isWide = this.widthOf(counts.map(({ words }) => words).join("   "), "13px") > WIDTH - 2 * PADDING;
        return counts.map((count) => [`${step.id} ${count.what}`, count, isWide && count.what === "through" ? count.number : count.words]);
    }

    countsOnWay(step, way) {
        const count = this.editor.countsAt(step.id)?.ways[way.key];
        return count ? [[`${step.id} ${way.key} ${count.number.length}`, count, count.number]] : []; // as wide as it is long
    }

    choose(key) {
        if (!this.designer) return;
        if (this.designer.getSelectedStepId() !== key) { if (key) this.designer.selectStepById(key); else this.designer.clearSelectedStep(); }
        this.bringIntoView(key);
    }

    dragging(is) {
        this.isDragging = is;
        this.place.classList.toggle("ed-dragging", is);
        if (!is) setTimeout(() => { if (this.isOverdue) this.draw(); });
    }

    // From the designer to our tree: it is told no, and shows what the model made of it.

    added(step, list, place) {
        const { at, before } = this.tags.get(list);
        this.put(this.editor.model.kinds.get(step.kind), at, place - before);
        return false;
    }

    moved(step, list, place) {
        const { at, before } = this.tags.get(list);
        if (this.editor.model.move(step.id, at, place - before)) this.editor.choose(step.id);
        return false;
    }

    put(kind, at, place) {
        this.arm(null);
        this.editor.choose(this.editor.model.add(kind, at, place));
    }

    selected(key) {
        if (key !== this.editor.chosen) this.editor.choose(key);
    }

    // The plus of a place was pressed.
    asked(list, place) {
        const { at, before } = this.tags.get(list);
        if (this.armed) this.put(this.armed, at, place - before);
        else this.openMenu(at, place - before);
    }

    // Choosing what to add

    drawToolbox() {
        const { mayEdit, vocabulary } = this.editor.context;
        if (!mayEdit) return h("div", { hidden: true });
        this.tools = vocabulary.kinds.map((kind) => h("button", {
            type: "button", class: "ed-tool", "aria-pressed": "false", "data-kind": kind.key,
            onclick: () => this.arm(this.armed === kind ? null : kind), onmousedown: (event) => this.pull(event, kind),
        }, icon(kind.icon), h("span", {}, kind.label)));
        return h("div", { class: "ed-toolbox", role: "toolbar", "aria-label": this.words.toolbox }, this.tools);
    }

    // Pressed and moved: it is dragged. Pressed and let go: it waits to be placed.
    pull(event, kind) {
        if (event.button !== 0) return;
        event.preventDefault();
        event.currentTarget.focus();
        const { Vector } = window.sequentialWorkflowDesigner;
        const from = new Vector(event.pageX, event.pageY);
        const move = (moved) => {
            if (new Vector(moved.pageX, moved.pageY).subtract(from).distance() < 5) return;
            stop();
            this.arm(null);
            if (this.designer) this.api.toolbox.tryDrag(from, { componentType: "card", type: "step", kind: kind.key, name: kind.label, icon: kind.icon, says: "", properties: {} });
        };
        const stop = () => { window.removeEventListener("mousemove", move); window.removeEventListener("mouseup", stop); };
        window.addEventListener("mousemove", move);
        window.addEventListener("mouseup", stop);
    }

    arm(kind) {
        this.armed = kind;
        this.closeMenu();
        for (const tool of this.tools || []) tool.setAttribute("aria-pressed", String(Boolean(kind) && tool.dataset.kind === kind.key));
        this.place.classList.toggle("ed-arming", Boolean(kind));
        this.hint.hidden = !kind;
        this.hint.textContent = kind ? this.words.placing.replace("%s", kind.label) : "";
    }

    openMenu(at, place) {
        const items = this.editor.context.vocabulary.kinds.map((kind) => h("button", { type: "button", role: "menuitem", class: "ed-tool", onclick: () => { this.closeMenu(); this.put(kind, at, place); } }, icon(kind.icon), h("span", {}, kind.label)));
        this.menu.replaceChildren(...items);
        this.menu.hidden = false;
        const box = this.menu.parentElement.getBoundingClientRect();
        const { clientX = box.left, clientY = box.top } = this.pointer || {};
        this.menu.style.left = `${Math.max(8, Math.min(clientX - box.left, box.width - this.menu.offsetWidth - 8))}px`;
        this.menu.style.top = `${Math.max(8, Math.min(clientY - box.top, box.height - this.menu.offsetHeight - 8))}px`;
        items[0].focus();
    }

    closeMenu() {
        this.menu.hidden = true;
    }

    drawZoom() {
        const button = (label, symbol, act) => h("button", { type: "button", class: "os-icon", "aria-label": label, title: label, onclick: act }, icon(symbol));
        return [
            button(this.words.zoom_in, "zoom_in", () => this.zoom(true)),
            button(this.words.zoom_out, "zoom_out", () => this.zoom(false)),
            button(this.words.fit, "fit_screen", () => this.fit(SMALLEST)),
        ];
    }

    zoom(isIn) {
        if (!this.designer) return;
        const { position, scale } = this.designer.getViewport();
        const next = Math.min(1.5, Math.max(SMALLEST, scale * (isIn ? 1.2 : 1 / 1.2)));
        const middle = new window.sequentialWorkflowDesigner.Vector(this.place.clientWidth / 2, this.place.clientHeight / 2);
        this.designer.setViewport({ position: middle.subtract(middle.subtract(position).multiplyByScalar(next / scale)), scale: next });
    }

    // Everything in view from the top, but no smaller than `smallest`.
    fit(smallest) {
        if (!this.designer) return;
        const size = this.api.workspace.getRootComponentSize();
        const { joinX } = this.root;
        const [width, height] = [this.place.clientWidth - 2 * MARGIN, this.place.clientHeight - 2 * MARGIN];
        const scale = Math.max(smallest, Math.min(1, width / size.x, height / size.y));
        // What does not fit is shown with the trigger in the middle.
        const x = size.x * scale > width ? Math.min(MARGIN, MARGIN + width / 2 - joinX * scale) : MARGIN + (width - size.x * scale) / 2;
        const y = MARGIN - GAP.y * scale; // no step is added before the trigger
        this.designer.setViewport({ position: new window.sequentialWorkflowDesigner.Vector(x, y), scale });
    }

    // What was chosen elsewhere, or just came, is moved into view.
    bringIntoView(key) {
        const node = key && this.place.querySelector(`[data-step-id="${CSS.escape(key)}"] .ed-card-rect`);
        if (!node) return;
        const [box, card] = [this.place.getBoundingClientRect(), node.getBoundingClientRect()];
        const over = (low, high, from, to) => (high > to - MARGIN ? Math.min(high - to + MARGIN, low - from - MARGIN) : low < from + MARGIN ? low - from - MARGIN : 0);
        const by = new window.sequentialWorkflowDesigner.Vector(over(card.left, card.right, box.left, box.right), over(card.top, card.bottom, box.top, box.bottom));
        const { position, scale } = this.designer.getViewport();
        if (by.x || by.y) this.designer.setViewport({ position: position.subtract(by), scale });
    }

    // By keyboard: from step to step

    onKey(event) {
        if (event.target !== this.place) return;
        const keys = [TRIGGER, ...[...this.editor.model.walk()].map(({ step }) => step.key)];
        const place = keys.indexOf(this.editor.chosen);
        const to = { ArrowDown: keys[Math.min(place + 1, keys.length - 1)], ArrowUp: keys[Math.max(place - 1, 0)], Home: keys[0], End: keys.at(-1) }[event.key];
        if (to !== undefined) {
            event.preventDefault();
            this.editor.choose(to);
            this.said.textContent = this.spoken(to);
        } else if (event.key === "Enter" && this.editor.chosen) {
            event.preventDefault();
            this.editor.panel.focus();
        } else if (event.key === "Delete" && place > 0 && this.editor.context.mayEdit) {
            event.preventDefault();
            this.editor.model.remove(this.editor.chosen);
            this.editor.choose(null);
        }
    }

    spoken(key) {
        const found = key === TRIGGER ? null : this.editor.model.find(key);
        const kind = found && this.editor.model.kinds.get(found.step.kind);
        const label = key === TRIGGER ? this.words.starts : kind ? kind.label : found.step.kind;
        const counted = (this.editor.countsAt(key)?.counts || []).map(({ words }) => words).join(", ");
        return [label, this.editor.saysOf(key), counted, this.editor.hasProblem(key) ? this.words.has_problem : ""].filter(Boolean).join(". ");
    }

    // Drawing

    extension(swd) {
        const { Vector, DefaultSequenceComponent, ClickCommandType } = swd;
        const canvas = this;
        const isPressed = (g, click) => g.contains(click.element);
        return {
            steps: [
                { componentType: "card", createComponentView: (parent, context) => this.cardView(swd, parent, context) },
                { componentType: "fork", createComponentView: (parent, context, view) => this.forkView(swd, parent, context, view) },
            ],
            uiComponents: [{ create(_root, api) { canvas.api = api; return { destroy() {} }; } }],
            wheelController: { create: (api) => ({ onWheel: (event) => this.onWheel(event, api, Vector) }) },
            viewportController: { create: () => ({ setDefault: () => this.fit(READABLE), zoom: (isIn) => this.zoom(isIn), focusOnComponent() {} }) },
            placeholderController: { create: () => ({ canCreate: (list, place) => this.editor.context.mayEdit && place >= (this.tags.get(list)?.before ?? 0) }) },
            placeholder: {
                gapSize: new Vector(GAP.x, GAP.y),
                createForGap: (parent, list, place) => this.placeholder(parent, list, place, (g, click) => isPressed(g, click) ? { type: ClickCommandType.triggerCustomAction, step: null, sequence: list, action: { type: "add", place } } : null),
                createForArea: (parent, _size, _direction, list, place) => this.placeholder(parent, list, place, () => null),
            },
            sequenceComponent: { create: (parent, context, components) => this.listComponent(DefaultSequenceComponent, swd, parent, context, components) },
            rootComponent: { create: (parent, list, _indicator, components) => this.rootComponent(swd, parent, list, components) },
        };
    }

    onWheel(event, api, Vector) {
        if (event.ctrlKey || event.metaKey) { this.zoom(event.deltaY < 0); return; }
        const { position, scale } = api.getViewport();
        api.setViewport({ position: position.subtract(new Vector(event.deltaX, event.deltaY)), scale });
    }

    cardView(swd, parent, context) {
        const { step } = context;
        const g = swd.Dom.svg("g", { class: `ed-node ed-node-${step.type}` });
        parent.appendChild(g);
        const card = this.drawCard(swd, g, step);
        return this.view(swd, g, card, { width: WIDTH, height: card.height, joinX: WIDTH / 2, sequenceComponents: null, hasOutput: !step.ends });
    }

    view(swd, g, card, measures) {
        return {
            g,
            placeholders: null,
            ...measures,
            getClientPosition: () => swd.getAbsolutePosition(card.rect),
            resolveClick: (click) => (card.g.contains(click.element) ? true : null),
            setIsDragging() {},
            setIsSelected: (is) => card.g.classList.toggle("ed-selected", is),
            setIsDisabled: (is) => g.classList.toggle("ed-disabled", is),
        };
    }

    drawCard(swd, parent, step) {
        const { Dom } = swd;
        const g = Dom.svg("g", { class: "ed-card-g", "data-step-id": step.id ?? "" });
        parent.appendChild(g);
        const names = this.wrap(step.name, WIDTH - 2 * PADDING - 30, "600 14px", 2);
        const below = (names.length - 1) * NAME_LINE;
        const lines = this.wrap(step.says || "", WIDTH - 2 * PADDING, "13px", MOST_LINES);
        const counts = this.countsOnCard(step);
        const foot = 44 + below + (lines.length ? lines.length * LINE + 8 : 0);
        const height = foot + (counts.length ? COUNTS : 0);
        const rect = Dom.svg("rect", { class: "ed-card-rect", x: 0.5, y: 0.5, width: WIDTH - 1, height: height - 1, rx: 9 });
        g.append(rect, Dom.svg("rect", { class: "ed-card-edge", x: 0.5, y: 10, width: 3.5, height: height - 20, rx: 1.5 }));
        const text = (className, x, y, content) => { const element = Dom.svg("text", { class: className, x, y }); element.textContent = content; g.append(element); };
        text("ed-card-icon", PADDING, 33, step.icon);
        names.forEach((line, place) => text("ed-card-name", PADDING + 30, 28 + place * NAME_LINE, line));
        lines.forEach((line, place) => text("ed-card-says", PADDING, 57 + below + place * LINE, line));
        if (counts.length) g.append(Dom.svg("path", { class: "ed-card-foot", d: `M 4 ${foot} H ${WIDTH - 1}` }));
        if (this.editor.hasProblem(step.id)) g.append(drawProblem(Dom));
        for (const count of counts) {
            const { x, anchor } = ON_CARDS[count[1].what];
            g.append(drawCount(Dom, count, { x, y: foot + 20, "text-anchor": anchor }));
        }
        return { g, rect, height };
    }

    forkView(swd, parent, context, view) {
        const { Dom, Vector, JoinView } = swd;
        const { step } = context;
        const g = Dom.svg("g", { class: "ed-node ed-node-step" });
        parent.appendChild(g);
        const columns = step.ways.map((way) => ({ way, component: view.createSequenceComponent(g, way.list), label: this.drawLabel(swd, g, way.label, this.countsOnWay(step, way)[0]) }));
        let width = 0;
        for (const column of columns) {
            const { component, label } = column;
            const half = Math.max(label.width, component.view.foot || 0) / 2;
            const [left, right] = [Math.max(component.view.joinX, half), Math.max(component.view.width - component.view.joinX, half)];
            Object.assign(column, { joinX: width + left, left: width + left - component.view.joinX });
            width += left + right + BETWEEN;
        }
        width -= BETWEEN;
        const middle = (columns[0].joinX + columns.at(-1).joinX) / 2;
        const shift = Math.max(WIDTH / 2 - middle, 0);
        const joinX = middle + shift;
        const total = Math.max(width + shift, joinX + WIDTH / 2);
        const card = this.drawCard(swd, g, step);
        Dom.translate(card.g, joinX - WIDTH / 2, 0);
        const top = card.height + FORK + LABEL;
        const tallest = Math.max(...columns.map(({ component }) => component.view.height));
        const height = top + tallest + FORK;
        const points = columns.map((column) => column.joinX + shift);
        columns.forEach(({ component, label, left }, place) => {
            Dom.translate(label.g, points[place], card.height + FORK);
            Dom.translate(component.view.g, left + shift, top);
            const missing = tallest - component.view.height;
            if (component.hasOutput && missing > 0) JoinView.createStraightJoin(g, new Vector(points[place], top + component.view.height), missing);
        });
        JoinView.createJoins(g, new Vector(joinX, card.height), points.map((x) => new Vector(x, card.height + FORK)));
        const going = columns.flatMap(({ component }, place) => (component.hasOutput ? [new Vector(points[place], top + tallest)] : []));
        if (going.length && context.isOutputConnected) JoinView.createJoins(g, new Vector(joinX, height), going);
        return this.view(swd, g, card, { width: total, height, joinX, sequenceComponents: columns.map(({ component }) => component), hasOutput: going.length > 0 });
    }

    drawLabel(swd, parent, label, count) {
        const { Dom } = swd;
        const shown = this.cut(label, 170, "600 12px");
        const beside = count ? this.widthOf(count[2], "600 12px") + 8 : 0;
        const width = Math.max(44, this.widthOf(shown, "600 12px") + beside + 22);
        const g = Dom.svg("g", { class: "ed-way" });
        const text = Dom.svg("text", { class: "ed-way-name", x: -beside / 2, y: LABEL / 2 });
        text.textContent = shown;
        g.append(Dom.svg("rect", { class: "ed-way-rect", x: -width / 2, y: 0, width, height: LABEL, rx: LABEL / 2 }), text);
        if (count) g.append(drawCount(Dom, count, { x: width / 2 - 11, y: LABEL / 2, "text-anchor": "end", class: "ed-card-count ed-way-count" }));
        parent.appendChild(g);
        return { g, width };
    }

    listComponent(DefaultSequenceComponent, swd, parent, context, components) {
        const ends = !context.sequence.length && Boolean(this.tags.get(context.sequence)?.ends);
        const component = DefaultSequenceComponent.create(parent, ends ? { ...context, isOutputConnected: false } : context, components);
        if (!ends) return component;
        const { view } = component;
        swd.JoinView.createStraightJoin(view.g, new swd.Vector(view.joinX, 0), view.height);
        view.foot = this.drawEnd(swd, view.g, view.joinX, view.height);
        view.height += END;
        component.hasOutput = false;
        return component;
    }

    rootComponent(swd, parent, list, components) {
        const g = swd.Dom.svg("g", { class: "ed-root" });
        parent.appendChild(g);
        const inner = components.services.sequenceComponent.create(g, { sequence: list, depth: 0, isInputConnected: false, isOutputConnected: true }, components);
        if (inner.hasOutput) this.drawEnd(swd, g, inner.view.joinX, inner.view.height);
        const view = { g, width: inner.view.width, height: inner.view.height + END, joinX: inner.view.joinX };
        this.root = view;
        return {
            view,
            resolveClick: (click) => inner.resolveClick(click),
            findById: (id) => inner.findById(id),
            getPlaceholders: (result) => inner.getPlaceholders(result),
            setIsDragging: (is) => { this.dragging(is); inner.setIsDragging(is); },
            updateBadges: (result) => inner.updateBadges(result),
        };
    }

    drawEnd(swd, parent, x, y) {
        const { Dom } = swd;
        const width = this.widthOf(this.words.ends, "500 12px") + 42;
        const g = Dom.svg("g", { class: "ed-ends" });
        const mark = Dom.svg("rect", { class: "ed-ends-mark", x: -width / 2 + 12, y: END / 2 - 4, width: 8, height: 8, rx: 1.5 });
        const text = Dom.svg("text", { class: "ed-ends-text", x: -width / 2 + 27, y: END / 2 });
        text.textContent = this.words.ends;
        g.append(Dom.svg("rect", { class: "ed-ends-rect", x: -width / 2, y: 2, width, height: END - 4, rx: (END - 4) / 2 }), mark, text);
        Dom.translate(g, x, y);
        parent.appendChild(g);
        return width;
    }

    placeholder(parent, parentSequence, index, resolve) {
        const { Dom } = window.sequentialWorkflowDesigner;
        const { at = "", before = 0 } = this.tags.get(parentSequence) || {};
        const g = Dom.svg("g", { class: "ed-gap", "data-place": `${at}/${index - before}` });
        const rect = Dom.svg("rect", { class: "ed-gap-rect", x: 0, y: 8, width: GAP.x, height: GAP.y - 16, rx: 8 });
        const plus = Dom.svg("g", { class: "ed-plus" });
        const title = Dom.svg("title");
        title.textContent = this.words.place_here;
        const [x, y] = [GAP.x / 2, GAP.y / 2];
        plus.append(title, Dom.svg("circle", { cx: x, cy: y, r: 10 }), Dom.svg("path", { d: `M ${x - 4.5} ${y} h 9 M ${x} ${y - 4.5} v 9` }));
        g.append(rect, plus);
        parent.appendChild(g);
        return {
            view: { g },
            parentSequence,
            index,
            getClientRect: () => rect.getBoundingClientRect(),
            setIsHover: (is) => g.classList.toggle("ed-hover", is),
            setIsVisible() {},
            resolveClick: (click) => resolve(g, click),
        };
    }

    // Text in SVG neither wraps nor is cut by itself.

    widthOf(text, font) {
        this.family ||= getComputedStyle(document.body).fontFamily;
        this.measure.font = `${font} ${this.family}`;
        return this.measure.measureText(text).width;
    }

    cut(text, width, font) {
        if (this.widthOf(text, font) <= width) return text;
        let end = text.length;
        while (end > 1 && this.widthOf(`${text.slice(0, end).trimEnd()}…`, font) > width) end -= 1;
        return `${text.slice(0, end).trimEnd()}…`;
    }

    wrap(text, width, font, most) {
        const lines = [];
        let line = "";
        for (const word of text.split(/\s+/).filter(Boolean)) {
            const longer = line ? `${line} ${word}` : word;
            if (!line || this.widthOf(longer, font) <= width) { line = longer; continue; }
            lines.push(line);
            line = word;
        }
        if (line) lines.push(line);
        const shown = lines.slice(0, most).map((each) => this.cut(each, width, font));
        if (lines.length > most) shown[most - 1] = this.cut(`${shown[most - 1]} …`, width, font);
        return shown;
    }
}

// At the corner of the card: the designer would put it at that of all that hangs on the card.
function drawProblem(Dom) {
    const g = Dom.svg("g", { class: "ed-problem" });
    Dom.translate(g, WIDTH - 4, 4);
    const sign = Dom.svg("text", { x: 0, y: 8, "text-anchor": "middle" });
    sign.textContent = "!";
    g.append(Dom.svg("path", { d: "M 0 -11 l 11 22 h -22 Z" }), sign);
    return g;
}

// A number leads to its orders. By keyboard it is found in the settings of its step, where Enter leads.
function drawCount(Dom, [name, count, text], attributes) {
    const link = Dom.svg("a", { class: `ed-count-link ed-count-${count.what}`, "data-count": name, tabindex: "-1" });
    link.append(Dom.svg("title"), Dom.svg("text", { class: "ed-card-count", ...attributes }));
    for (const press of ["mousedown", "touchstart"]) link.addEventListener(press, (event) => event.stopPropagation()); // the card is not pulled by it
    writeCount(link, count, text);
    return link;
}

function writeCount(link, { number, words, url }, text) {
    link.classList.toggle("ed-none", number === "0");
    link.setAttribute("href", url);
    link.setAttribute("aria-label", words);
    link.querySelector("title").textContent = words;
    link.querySelector("text").textContent = text;
}
