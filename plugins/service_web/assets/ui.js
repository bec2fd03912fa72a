// ui - small helpers for the page: finding and making elements, screens, messages, the clipboard.

import { banText, muteText } from "./reasons.js";

const TOAST_MS = 6000;
const TOAST_LONG_MS = 20000;
const COPIED_MS = 1500;
const ABNORMAL = 1006; // a connection that ended without a word

/** The element with that id; a missing one is a mistake in index.html. */
export function byId(id) {
    const element = document.getElementById(id);
    if (!element) throw new Error(`index.html has no #${id}`);
    return element;
}

/** make("li", {className: "own"}, "text", child): text is never read as HTML. */
export function make(tag, properties = {}, ...children) {
    const element = Object.assign(document.createElement(tag), properties);
    element.append(...children);
    return element;
}

/** Show one of the screens. */
export function showScreen(name) {
    for (const id of ["welcome", "lobbies", "game"]) byId(id).hidden = id !== name;
    byId("bar").hidden = name !== "lobbies";
}

/** What has the keyboard while a match runs: the arena, or the board of a mode without one. */
export function playArea() {
    const board = byId("mode-board");
    return board.hidden ? byId("canvas") : board;
}

/**
 * isLong: nothing that is seen again, such as why one was put out. Answers what takes it away when it
 * is true no more.
 */
export function toast(text, isLong = false) {
    const line = make("p", { className: isLong ? "long" : "" }, text);
    byId("toasts").append(line);
    setTimeout(() => line.remove(), isLong ? TOAST_LONG_MS : TOAST_MS);
    return () => line.remove();
}

/** What was said of something that is over: of a lobby one did not get into, say. */
export function dropToasts() {
    for (const line of document.querySelectorAll("#toasts p:not(.long)")) line.remove();
}

/** A line above everything, with an action or without; null takes it away. */
export function banner(text, label = "", action = null) {
    byId("banner").hidden = text === null;
    if (text === null) return;
    byId("banner-text").textContent = text;
    const button = byId("banner-action");
    button.hidden = !label;
    button.textContent = label;
    button.onclick = action;
}

/** Refusals for the moment. */
const LATER = ["rate_limited", "server_busy"];

/** What to tell a person about an error. */
export function explain(error) {
    if (error?.code === "connect_failed" && error.closeCode === ABNORMAL) {
        return "The server does not answer.";
    }
    if (error?.code === "banned") return banText(error.data);
    if (error?.data?.reason === "muted") return muteText({ ...error.data, reason: error.data.message });
    const text = error?.message || "something went wrong";
    const later = LATER.includes(error?.code) ? " Try again in a moment." : "";
    return text[0].toUpperCase() + text.slice(1) + (/[.!?]$/.test(text) ? "" : ".") + later;
}

const failures = new WeakMap(); // button -> takes away what its last action failed with

function showFailure(button, error) {
    failures.set(button, toast(explain(error)));
}

/**
 * Run an action of a button once at a time; failures are shown, until the next try. The button keeps
 * the focus.
 */
export async function guarded(button, action, onError = (error) => showFailure(button, error)) {
    if (button.ariaBusy === "true") return;
    failures.get(button)?.();
    button.ariaBusy = "true";
    try {
        await action();
    } catch (error) {
        onError(error);
    } finally {
        button.ariaBusy = null;
    }
}

/** A button that runs a guarded action. */
export function actionButton(text, action, properties = {}, onError = undefined) {
    const button = make("button", { type: "button", ...properties }, text);
    button.onclick = () => guarded(button, action, onError);
    return button;
}

/** To the clipboard; a page without TLS has only the old way there. */
export async function copyText(text) {
    if (navigator.clipboard) {
        await navigator.clipboard.writeText(text);
        return;
    }
    const field = make("textarea", { value: text, readOnly: true, className: "sr" });
    (document.querySelector("dialog[open]") ?? document.body).append(field);
    field.select();
    const copied = document.execCommand("copy");
    field.remove();
    if (!copied) throw new Error("this page may not copy here; select the text instead");
}

/** A button that copies what `text` gives, and says so. */
export function copyButton(label, text, properties = {}) {
    const button = actionButton(label, async () => {
        await copyText(text());
        button.textContent = "Copied";
        setTimeout(() => {
            button.textContent = label;
        }, COPIED_MS);
    }, properties);
    return button;
}

/** "time_left" -> "Time left" */
export function titleOf(name) {
    const words = name.replaceAll("_", " ");
    return words[0].toUpperCase() + words.slice(1);
}

/** 83 -> "1:23" */
export function clockText(seconds) {
    const whole = Math.max(0, Math.ceil(seconds));
    return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}
