// login - the welcome screen: guest, log in, register.

import { byId, explain, guarded } from "./ui.js";

const NAME_KEY = "muster.name";

function fieldsOf(form) {
    const fields = {};
    for (const [key, value] of new FormData(form)) if (value) fields[key] = value.trim();
    return fields;
}

function setUpTabs() {
    const tabs = ["login", "register"];
    const select = (chosen) => {
        for (const name of tabs) {
            const tab = byId(`tab-${name}`);
            tab.setAttribute("aria-selected", String(name === chosen));
            tab.tabIndex = name === chosen ? 0 : -1;
            byId(`${name}-form`).hidden = name !== chosen;
        }
        byId("login-error").textContent = "";
    };
    for (const [i, name] of tabs.entries()) {
        const tab = byId(`tab-${name}`);
        tab.onclick = () => select(name);
        tab.onkeydown = (event) => {
            if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
            select(tabs[1 - i]);
            byId(`tab-${tabs[1 - i]}`).focus();
        };
    }
}

function setUpForm(id, action) {
    const form = byId(id);
    form.onsubmit = (event) => {
        event.preventDefault();
        byId("login-error").textContent = "";
        const button = form.querySelector("button[type=submit]");
        guarded(button, () => action(fieldsOf(form)), (error) => {
            byId("login-error").textContent = explain(error);
        });
    };
}

/**
 * What was typed is nobody's business after signing in. why: one is back here; name: of who may try
 * again as they are signed in, "" for nobody.
 */
export function resetLogin(why, name) {
    for (const form of ["login", "register"]) byId(`${form}-form`).reset();
    byId("login-error").textContent = why;
    byId("connect-again").hidden = !name;
    byId("connect-again").textContent = `Try again as ${name}`;
}

/**
 * onPlay: signed in, and wants a match at once; onBrowse: signed in, and wants to see the lobbies.
 */
export function setUpLogin({ auth, storage, onPlay, onBrowse }) {
    setUpTabs();
    const name = byId("play-form").elements.namedItem("displayName");
    name.value = storage?.getItem(NAME_KEY) ?? "";
    const asGuest = () => {
        storage?.setItem(NAME_KEY, name.value.trim());
        return auth.guest(name.value.trim() ? { displayName: name.value.trim() } : {});
    };
    setUpForm("play-form", async () => {
        await asGuest();
        await onPlay();
    });
    setUpForm("login-form", async ({ username, password, code }) => {
        await auth.login(username, password, code);
        await onBrowse();
    });
    setUpForm("register-form", async (details) => {
        await auth.register(details);
        await onBrowse();
    });
    byId("browse").onclick = (event) =>
        guarded(event.currentTarget, async () => {
            await asGuest();
            await onBrowse();
        });
}
