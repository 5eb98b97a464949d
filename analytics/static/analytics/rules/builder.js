/* The control `rule`: groups of conditions, for campaigns' Filter customers and for segments.

   It works on a copy, and writes the whole by `set(rule, { redraw })`, as the controls of campaigns do; whoever draws it
   keeps what was undone. `at` is the pointer of the rule in what is edited: problems are told by it. `context` has

   vocabulary  { fields, scopes, statuses, opposites }: what `vocabulary_for_builder` tells (analytics/vocabulary.py)
   words       what is written on it
   names       those in use, by what fields say that they suggest
   zone, zoneName, readOnly */

import { combobox } from "./combobox.js";
import { choicesOf, choseField, choseOperator, choseValue, comparesWithNothing, newCondition, operatorsOf, paramsOf } from "./conditions.js";
import { announce, choose, h, icon, iconButton, newId } from "./dom.js";
import { menuButton } from "./menu.js";
import { makeMovable } from "./moving.js";
import * as tree from "./tree.js";
import { drawParams, drawValue } from "./values.js";

export const canBeDrawn = tree.canBeDrawn;

export function drawRule({ field, value, set, at, context }) {
    const rule = canBeDrawn(value) ? structuredClone(value) : tree.emptyGroup();
    const builder = new Builder(rule, (how) => set(structuredClone(rule), how), at, context);
    return h("div", { class: "os-field rule", "data-at": at, role: "group", "aria-label": field.label },
        field.label ? h("span", { class: "os-label", "aria-hidden": "true" }, field.label) : null, builder.drawTree(""), field.help ? h("p", { class: "os-help" }, field.help) : null);
}

class Builder {
    constructor(rule, wrote, base, context) {
        Object.assign(this, { rule, wrote, base, context, words: context.words });
        this.fields = new Map(context.vocabulary.fields.map((each) => [each.key, each]));
        this.scopes = context.vocabulary.scopes || [];
        this.root = this.scopes[0]?.key; // what the rule speaks of, where no group says otherwise
    }

    // What a group speaks of: the rule's own subject, or orders that the group around it names.
    scopeOf(groupAt) {
        if (tree.rootOf(groupAt)) return null; // orders, of a metric's own
        const around = [...groupAt.matchAll(/\/rules\/\d+/g)].map(({ index, 0: step }) => tree.partAt(this.rule, groupAt.slice(0, index + step.length)));
        return [this.rule, ...around].map(({ of }) => of).find((of) => of && of !== this.root) ?? this.root;
    }

    mayStand(field, scope) {
        return !field || (scope === this.root ? field.here : field.elsewhere);
    }

    fits(part, groupAt) {
        const scope = this.scopeOf(groupAt);
        if (tree.isCondition(part)) return this.mayStand(this.fields.get(part.field), scope);
        if (part.of && part.of !== this.root) return scope === this.root;
        return part.rules.every((each) => this.fits(each, groupAt));
    }

    // Trees and groups

    drawTree(at) {
        return h("div", { class: "rule-tree" }, this.drawGroup(tree.partAt(this.rule, at), at));
    }

    drawGroup(group, at) {
        const { words, base, context } = this;
        const grouper = h("button", { type: "button", class: "os-button os-small", hidden: true, onclick: () => this.groupChosen(at, list) }, icon("data_object"), words.group_chosen);
        const list = h("div", { class: "rule-list", "data-at": `${base}${at}/rules`, "data-list": at, onchange: () => { grouper.hidden = !chosenIn(list).length; } },
            group.rules.map((part, place) => [place ? h("span", { class: "rule-join" }, group.combinator === "or" ? words.or : words.and) : null, this.drawPart(part, `${at}/rules/${place}`)]));
        return h("div", { class: group.not ? "rule-group rule-denied" : "rule-group", "data-at": `${base}${at}`, role: "group", "aria-label": words.group },
            this.drawHead(group, at), list,
            context.readOnly ? null : h("div", { class: "rule-foot", "data-adds": `${base}${at}` }, this.drawAdd(at),
                h("button", { type: "button", class: "os-button os-small", onclick: () => this.addGroup(at) }, icon("add"), words.add_group), grouper));
    }

    drawHead(group, at) {
        const { words, base, root } = this;
        const id = newId();
        const isRoot = !at || tree.rootOf(at) === at;
        const combinators = [["and", words.all_of], ["or", words.any_of], ["not-and", words.none_of], ["not-or", words.neither_of]];
        const setCombinator = (key) => {
            group.combinator = key.replace("not-", "");
            if (key.startsWith("not-")) group.not = true; else delete group.not;
            this.wrote({ redraw: true });
        };
        const setOf = (key) => { if (key === root) delete group.of; else group.of = key; this.wrote({ redraw: true }); };
        const scopes = isRoot && at ? [] : this.scopesFor(group, at);
        const label = isRoot ? (at ? words.orders_of_which : words.passes_if) : words.group_passes_if;
        return h("div", { class: "rule-head" },
            isRoot ? null : this.drawGrip(words.group, at),
            h("label", { for: id }, label),
            choose(combinators, `${group.not ? "not-" : ""}${group.combinator}`, setCombinator, { id, "data-key": `${base}${at}:combinator` }),
            scopes.length > 1 ? choose(scopes.map(({ key, label: name }) => [key, name]), group.of || root, setOf, { "data-key": `${base}${at}:of`, "aria-label": words.of, class: "os-input rule-of" }) : null,
            h("span", { class: "os-grow" }),
            isRoot ? null : this.drawActs(words.group, group, at));
    }

    // Groups within one that names its orders name none of their own.
    scopesFor(group, at) {
        if (at && this.scopeOf(tree.standing(at).groupAt) !== this.root) return [];
        const inside = { ...group, of: undefined };
        return this.scopes.filter(({ key }) => key === (group.of || this.root) || tree.isCondition(group) || !group.rules.length || this.fitsUnder(inside, key));
    }

    fitsUnder(group, scope) {
        return group.rules.every((part) => (tree.isCondition(part) ? this.mayStand(this.fields.get(part.field), scope) : this.fitsUnder(part, scope)));
    }

    addGroup(at) {
        const added = tree.add(this.rule, at, tree.emptyGroup("or"));
        this.wrote({ redraw: `[data-adds="${this.base}${added}"] input` });
    }

    groupChosen(at, list) {
        this.changed(tree.group(this.rule, at, chosenIn(list)), "combinator");
    }

    // Adding a condition: found by typing

    drawAdd(at) {
        const { words, base } = this;
        return combobox({ options: () => this.offered(at), choose: (key, code) => this.addCondition(at, key, code), words, "aria-label": words.add_condition, placeholder: words.find_condition, "data-key": `${base}${at}:add` });
    }

    addCondition(at, key, code) {
        const field = this.fields.get(key);
        const part = newCondition(field, code);
        const isHere = this.mayStand(field, this.scopeOf(at));
        const added = tree.add(this.rule, at, isHere ? part : { combinator: "and", of: this.scopes[1].key, rules: [part] });
        this.wrote({ redraw: this.unsaidIn(part, field, isHere ? added : `${added}/rules/0`) });
    }

    // What a condition still lacks, for the focus.
    unsaidIn(part, field, at) {
        const param = (field.params || []).find((each) => each.required && !part[each.key]?.length && each.form !== "duration" && each.form !== "choice");
        const place = param ? param.key : comparesWithNothing(part.operator) ? "operator" : "value";
        return `[data-at="${this.base}${at}/${place}"] :is(input, select, textarea, button)`;
    }

    // What may stand there: at the root also what a group of orders would have to hold, which is made with it.
    offered(groupAt) {
        const scope = this.scopeOf(groupAt);
        const isThere = (field) => this.mayStand(field, scope) || (scope === this.root && field.elsewhere && this.scopes.length > 1);
        return this.context.vocabulary.fields.filter((field) => isThere(field) && !field.isGone)
            .map((field) => ({ key: field.key, label: field.label, group: field.group || "", also: this.valuesOf(field) }));
    }

    valuesOf(field) {
        if (!field.type) return choicesOf(field);
        return (this.context.vocabulary.statuses[field.type] || []).filter(({ offered }) => offered).map(({ code, name }) => [code, name]);
    }

    // Parts

    drawPart(part, at) {
        return tree.isCondition(part) ? this.drawCondition(part, at) : h("div", { class: "rule-part", "data-part": at }, this.drawGroup(part, at));
    }

    drawCondition(part, at) {
        const { words, base } = this;
        const field = this.fields.get(part.field);
        const name = field ? field.label : part.field;
        const groups = field ? paramsOf(field, words).filter((param) => param.form === "group" && part[param.key]) : [];
        return h("div", { class: "rule-part rule-condition", "data-part": at, "data-at": `${base}${at}`, role: "group", "aria-label": name },
            this.drawGrip(name, at),
            h("div", { class: "rule-line" },
                h("div", { class: "rule-field", "data-at": `${base}${at}/field` }, this.drawField(part, field, at)),
                h("div", { "data-at": `${base}${at}/operator` }, this.drawOperator(part, field, at)),
                h("div", { class: "rule-value", "data-at": `${base}${at}/value` }, drawValue(this, part, field)),
                this.drawMoment(part, field, at),
                field ? drawParams(this, part, field, `${base}${at}`) : null),
            this.drawActs(name, part, at),
            groups.map((param) => this.drawInner(part, param, at)));
    }

    drawField(part, field, at) {
        const { words, base } = this;
        const set = (key, code) => {
            const next = this.fields.get(key);
            choseField(part, next);
            choseValue(part, next, code);
            this.wrote({ redraw: this.unsaidIn(part, next, at) });
        };
        const own = this.scopeOf(tree.standing(at).groupAt);
        const options = () => this.offered(tree.standing(at).groupAt).filter(({ key }) => this.mayStand(this.fields.get(key), own));
        return combobox({ options, choose: set, class: "os-input rule-picked", shown: field ? field.label : part.field, words, "aria-label": words.field, "data-key": `${base}${at}:field` });
    }

    drawOperator(part, field, at) {
        const { words, base } = this;
        const set = (name) => { choseOperator(part, field, name); this.wrote({ redraw: true }); };
        const said = (name) => words[`op_${field?.kind}_${name}`] || words[`op_${name}`] || name;
        const operators = field ? operatorsOf(field, part.operator) : [part.operator];
        return choose(operators.map((name) => [name, said(name)]), part.operator, set, { "data-key": `${base}${at}:operator`, "aria-label": words.operator });
    }

    // Whether it is asked of now, or of the change that started a campaign.
    drawMoment(part, field, at) {
        const { words, base } = this;
        const mayBePast = field?.past && words.at_trigger && this.scopeOf(tree.standing(at).groupAt) === this.root;
        if (!mayBePast && !part.at) return null;
        const times = [["now", words.at_now], ...(mayBePast ? [["trigger", words.at_trigger]] : [])];
        const set = (moment) => { if (moment === "now") delete part.at; else part.at = moment; this.wrote(); };
        return h("div", { class: "rule-moment", "data-at": `${base}${at}/at` }, choose(times, part.at || "now", set, { "data-key": `${base}${at}:at`, "aria-label": words.at }));
    }

    // The orders that a metric counts.
    drawInner(part, param, at) {
        const { words, base, context } = this;
        const take = () => { delete part[param.key]; this.wrote({ redraw: `[data-key="${base}${at}:add-${param.key}"]` }); };
        return h("div", { class: "rule-inner", "data-at": `${base}${at}/${param.key}` }, this.drawTree(`${at}/${param.key}`),
            param.required || context.readOnly ? null : iconButton(`${words.take_away}: ${param.label}`, "close", { onclick: take }));
    }

    // What is done with a part

    drawGrip(name, at) {
        const { words, base, context } = this;
        if (context.readOnly) return null;
        const handle = iconButton(`${words.move}: ${name}`, "drag_indicator", { class: "os-icon rule-handle", title: words.move_help, "data-key": `${base}${at}:move` });
        makeMovable(handle, { at, fits: (groupAt) => this.fits(tree.partAt(this.rule, at), groupAt), go: (way) => this.go(at, way), drop: (groupAt, place) => this.moveTo(at, groupAt, place) });
        return h("div", { class: "rule-grip" }, handle, h("input", { type: "checkbox", "aria-label": `${words.select}: ${name}`, title: words.select_help, "data-key": `${base}${at}:select` }));
    }

    drawActs(name, part, at) {
        const { words, base, context } = this;
        if (context.readOnly) return null;
        const ways = [["up", "arrow_upward"], ["down", "arrow_downward"], ["in", "subdirectory_arrow_right"], ["out", "arrow_back"]]
            .filter(([way]) => this.destination(at, way)).map(([way, symbol]) => ({ label: words[`move_${way}`], symbol, act: () => this.go(at, way, "more") }));
        const { groupAt, place } = tree.standing(at);
        const items = [
            { label: words.duplicate, symbol: "content_copy", act: () => this.changed(tree.copy(this.rule, at), "more") },
            { label: words.negate, symbol: "exclamation", act: () => this.changed(tree.negate(this.rule, at, this.oppositesOf(part)), "more") },
            { label: words.group_it, symbol: "data_object", act: () => this.changed(tree.group(this.rule, groupAt, [place]), "combinator") },
            tree.isCondition(part) || !part.rules.length ? null : { label: words.dissolve, symbol: "layers_clear", act: () => this.changed(tree.dissolve(this.rule, at), "more") },
            ...ways,
        ].filter(Boolean);
        const remove = () => { const left = tree.remove(this.rule, at); this.wrote({ redraw: `[data-key="${base}${left}:add"]` }); announce(words.removed.replace("%s", name)); };
        return h("div", { class: "rule-acts" }, menuButton(`${words.more_acts}: ${name}`, "more_horiz", items, { title: words.more_acts, "data-key": `${base}${at}:more` }),
            iconButton(`${words.remove}: ${name}`, "delete", { title: words.remove, onclick: remove }));
    }

    oppositesOf(part) {
        const operators = this.fields.get(part.field)?.operators || [];
        return Object.fromEntries(Object.entries(this.context.vocabulary.opposites || {}).filter(([, opposite]) => operators.includes(opposite)));
    }

    destination(at, way) {
        const to = tree.destination(this.rule, at, way);
        return to && this.fits(tree.partAt(this.rule, at), to[0]) ? to : null;
    }

    go(at, way, control = "move") {
        const to = this.destination(at, way);
        if (to) this.moveTo(at, ...to, control); else announce(this.words.cannot_move);
    }

    moveTo(at, groupAt, place, control = "move") {
        const to = tree.move(this.rule, at, groupAt, place);
        if (!to) return;
        const { place: now, groupAt: around } = tree.standing(to);
        this.changed(to, control);
        announce(this.words.moved.replace("%(place)s", now + 1).replace("%(count)s", tree.partAt(this.rule, around).rules.length));
    }

    changed(at, control) {
        this.wrote({ redraw: `[data-key="${this.base}${at}:${control}"]` });
    }
}

const chosenIn = (list) => [...list.children].filter((each) => each.matches(".rule-part")).flatMap((each, place) => (each.querySelector(":scope > .rule-grip input, :scope > .rule-group > .rule-head > .rule-grip input")?.checked ? [place] : []));
