/* The one definition that all views show. Every edit goes through here, is told as a `change` event, and can be undone.

   Places are JSON pointers ("/steps/0/branches/yes"); a step is known by its key. A view that holds a part of the
   definition reads it anew after a change of `shape`, since undoing puts another object in its place. */

import { isObject } from "../../analytics/rules/dom.js";

const MOST_UNDONE = 200;
const ONE_EDIT_MS = 1200; // typing on is one edit

export class Model extends EventTarget {
    constructor(definition, kinds) {
        super();
        this.kinds = new Map(kinds.map((kind) => [kind.key, kind]));
        this.past = [];
        this.future = [];
        this.latest = { at: null, when: 0 };
        this.take(definition);
    }

    // Another definition altogether, such as what was read from JSON or what somebody else saved.
    replace(definition) {
        this.edit(() => this.take(definition));
    }

    take(definition) {
        this.definition = structuredClone(definition);
        if (!Array.isArray(this.definition.steps)) this.definition.steps = [];
    }

    read(at) {
        return parts(at).reduce((holder, part) => (holder === undefined || holder === null ? undefined : holder[part]), this.definition);
    }

    // Write a value; undefined takes its key away. `also` is written beside it. `redraw` says that forms are to be drawn anew.
    set(at, value, { also = {}, redraw = false } = {}) {
        const [holderAt, key] = [at.slice(0, at.lastIndexOf("/")), parts(at).at(-1)];
        this.edit(() => {
            const holder = this.holder(holderAt);
            for (const [name, each] of Object.entries({ [key]: value, ...also })) {
                if (each === undefined) delete holder[name]; else holder[name] = each;
            }
        }, { at, redraw });
    }

    holder(at) {
        return parts(at).reduce((holder, part) => (holder[part] ??= {}), this.definition);
    }

    // Steps

    // { step, list, place, at } of the step with this key, or null.
    find(key) {
        for (const found of this.walk()) if (found.step.key === key) return found;
        return null;
    }

    * walk(list = this.definition.steps, at = "/steps") {
        if (!Array.isArray(list)) return;
        for (const [place, step] of list.entries()) {
            if (!isObject(step)) continue;
            yield { step, list, place, at: `${at}/${place}`, listAt: at };
            for (const [name, steps] of Object.entries(step.branches || {})) yield* this.walk(steps, `${at}/${place}/branches/${escape(name)}`);
        }
    }

    add(kind, listAt, place = Infinity) {
        const step = { key: this.freshKey(kind.key), kind: kind.key, params: initialParams(kind.fields) };
        this.edit(() => this.list(listAt).splice(place, 0, step));
        return step.key;
    }

    remove(key) {
        const { list, place } = this.find(key);
        this.edit(() => list.splice(place, 1));
    }

    // Answers whether it could: a step does not go into a branch of its own.
    move(key, listAt, place = Infinity) {
        const from = this.find(key);
        if (`${listAt}/`.startsWith(`${from.at}/`)) return false;
        const isSame = this.read(listAt) === from.list;
        const to = isSame && from.place < place ? place - 1 : place;
        if (isSame && Math.min(to, from.list.length - 1) === from.place) return false;
        this.edit(() => {
            const target = this.list(listAt);
            from.list.splice(from.place, 1);
            target.splice(to, 0, from.step);
        });
        return true;
    }

    duplicate(key) {
        const { step, list, place } = this.find(key);
        const copy = this.copy(step);
        this.edit(() => list.splice(place + 1, 0, copy));
        return copy.key;
    }

    // Copies of all steps of one branch, put behind those of another.
    copyBranch(key, from, to) {
        const { step, at } = this.find(key);
        const copies = this.copies((step.branches || {})[from] || []);
        this.edit(() => this.list(`${at}/branches/${escape(to)}`).push(...copies));
        return copies.length ? copies[0].key : null;
    }

    copy(step) {
        return this.copies([step])[0];
    }

    copies(steps) {
        const used = this.usedKeys();
        const renew = (each) => {
            each.key = this.freshKey(each.kind, used);
            used.add(each.key);
            for (const list of Object.values(each.branches || {})) if (Array.isArray(list)) list.forEach(renew);
        };
        const copies = structuredClone(steps);
        copies.forEach(renew);
        return copies;
    }

    // The list at a pointer, made where a branch has none yet.
    list(at) {
        const [holder, key] = [this.holder(at.slice(0, at.lastIndexOf("/"))), parts(at).at(-1)];
        if (!Array.isArray(holder[key])) holder[key] = [];
        return holder[key];
    }

    usedKeys() {
        return new Set([...this.walk()].map(({ step }) => step.key));
    }

    freshKey(kind, used = this.usedKeys()) {
        const stem = String(kind).slice(0, 56);
        let number = 1;
        while (used.has(number === 1 ? stem : `${stem}-${number}`)) number += 1;
        return number === 1 ? stem : `${stem}-${number}`;
    }

    // The branches of a step: those of its kind, those its params name, and any that it still holds.
    branchesOf(step) {
        const kind = this.kinds.get(step.kind);
        const told = kind ? kind.branches : [];
        const params = step.params || {};
        const named = kind && kind.branches_from && Array.isArray(params[kind.branches_from])
            ? params[kind.branches_from].filter((each) => isObject(each) && each.key).map((each) => ({ key: String(each.key), label: each.name || String(each.key).toUpperCase(), ends: false })) : [];
        const known = [...named, ...told.filter((each) => !named.some((other) => other.key === each.key))];
        const left = Object.keys(step.branches || {}).filter((key) => !known.some((each) => each.key === key));
        return [...known, ...left.map((key) => ({ key, label: key, ends: false, isLeft: true }))];
    }

    stepsOf(step, branch) {
        const steps = isObject(step.branches) ? step.branches[branch] : undefined;
        return Array.isArray(steps) ? steps : [];
    }

    // Undo

    edit(change, { at = null, redraw = true } = {}) {
        const before = JSON.stringify(this.definition);
        change();
        if (JSON.stringify(this.definition) === before) {
            if (redraw) this.tell({ at, redraw, isShape: at === null });
            return;
        }
        const goesOn = at !== null && !redraw && this.latest.at === at && Date.now() - this.latest.when < ONE_EDIT_MS;
        if (!goesOn) this.past.push(before);
        if (this.past.length > MOST_UNDONE) this.past.shift();
        this.future = [];
        this.latest = { at, when: Date.now() };
        this.tell({ at, redraw, isShape: at === null });
    }

    undo() { this.restore(this.past, this.future); }
    redo() { this.restore(this.future, this.past); }

    restore(from, to) {
        if (!from.length) return;
        to.push(JSON.stringify(this.definition));
        this.definition = JSON.parse(from.pop());
        this.latest = { at: null, when: 0 };
        this.tell({ at: null, redraw: true, isShape: true });
    }

    tell(detail) {
        this.dispatchEvent(new CustomEvent("change", { detail }));
    }
}

export const escape = (part) => String(part).replaceAll("~", "~0").replaceAll("/", "~1");
const parts = (at) => at.split("/").slice(1).map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));

// What a new step or another trigger begins with.
export function initialParams(fields) {
    return structuredClone(Object.fromEntries(fields.filter((field) => field.initial !== null && field.initial !== undefined).map((field) => [field.key, field.initial])));
}

// Whether the views can show it: what cannot be shown is mended as JSON.
export function canBeShown(value) {
    return isObject(value) && isObject(value.trigger) && (value.trigger.params === undefined || isObject(value.trigger.params)) && (value.steps === undefined || stepsCanBeShown(value.steps));
}

function stepsCanBeShown(steps) {
    const keys = new Set();
    const can = (list) => Array.isArray(list) && list.every((step) => isObject(step) && typeof step.key === "string" && !keys.has(step.key) && keys.add(step.key)
        && (step.params === undefined || isObject(step.params)) && (step.branches === undefined || (isObject(step.branches) && Object.values(step.branches).every(can))));
    return can(steps);
}
