// app - puts the page together: sign in, connect, lobbies, game, and coming back.

import { AuthClient, MusterClient, isRefusal, retryAfterMs } from "../sdk/js/index.js";
import { AccessPanel } from "./access_panel.js";
import { Board } from "./board.js";
import { setUpAnnouncements } from "./announcements.js";
import { Catalog } from "./catalog.js";
import { Chat } from "./chat.js";
import { ConnectFour } from "./connect_four.js";
import { CreateLobby } from "./create_lobby.js";
import { Game } from "./game.js";
import { HostPanel } from "./host_panel.js";
import { Hud } from "./hud.js";
import { Invitations, joinByCode, setUpCodeForm, takeJoinLink } from "./join.js";
import { LobbyBrowser } from "./lobbies.js";
import { LobbyScreen } from "./lobby_screen.js";
import { resetLogin, setUpLogin } from "./login.js";
import { folderOf, serverOf, storageOf } from "./place.js";
import { banText, closedText, leftText } from "./reasons.js";
import { Scoreboard } from "./scoreboard.js";
import { watchLimits } from "./text_limit.js";
import {
    banner, byId, copyButton, dropToasts, explain, guarded, showScreen, toast,
} from "./ui.js";
import { Votes } from "./votes.js";

const SEAT_KEY = "muster.seat";
const START_TRIES = 4;
const START_WAIT_MAX_MS = 15000; // beyond that it is better said

/** Null where the browser denies it. */
function openStorage(folder) {
    try {
        return storageOf(window.localStorage, folder);
    } catch {
        return null;
    }
}

const folder = folderOf(document.baseURI);
const localStore = openStorage(folder);
const { baseUrl, socketUrl } = serverOf(folder);

const auth = new AuthClient({ baseUrl, storage: localStore });
const client = new MusterClient({ url: socketUrl });
const catalog = new Catalog(client, baseUrl);
const hud = new Hud();
const browser = new LobbyBrowser(client, catalog);
const chat = new Chat(client, catalog, () => game?.input.release());
const scoreboard = new Scoreboard(client, catalog);
const votes = new Votes(client);
new Invitations({ client, catalog, leave: leaveForLobbies });
const lobbyScreen = new LobbyScreen({
    client, catalog, chat, leave: leaveForLobbies,
    panels: [new HostPanel(client, catalog), new AccessPanel(client)],
    onShow: () => scoreboard.hide(),
});
new CreateLobby({ client, catalog, storage: localStore });
setUpCodeForm(client);
setUpAnnouncements(client, chat);
watchLimits(document);
byId("own-id-copy").append(copyButton("Copy", () => client.session.playerId));
/** @type {Game | Board | ConnectFour | null} null outside of a lobby, and before its first match */
let game = null;
let isStopping = false; // the server has said that it goes
let dropStopping = () => {}; // takes away what was said of it
let isPaused = false; // the lobby is frozen
let ban = null; // as session.terminated told it
let joinLink = takeJoinLink(); // the page was opened by a link into a lobby

// For the browser's console, extensions and the tests (sdk/js/README.md): what is in it may be used,
// not exchanged.
Object.defineProperty(window, "muster", {
    value: Object.freeze({
        auth,
        client,
        get game() {
            return game;
        },
        get world() {
            return game?.world ?? null;
        },
    }),
});

/** A step of the start: a server that takes it in a moment is waited for. */
async function waitedOut(step) {
    for (let triesLeft = START_TRIES; ; triesLeft--) {
        const waitMs = await tryStep(step, triesLeft);
        if (waitMs === 0) return;
        banner("The server is busy. You are let in in a moment.");
        await new Promise((resolve) => setTimeout(resolve, waitMs));
        banner(null);
    }
}

/** 0: done; else how long to wait. What is not to be waited out is thrown. */
async function tryStep(step, triesLeft) {
    try {
        await step();
        return 0;
    } catch (error) {
        const waitMs = retryAfterMs(error);
        if (!waitMs || waitMs > START_WAIT_MAX_MS || triesLeft === 1) throw error;
        return waitMs;
    }
}

/** All of it or nothing: what fails half-way can be tried again from the start. */
async function connect() {
    try {
        await arrive(await client.connect((renew) => auth.accessToken(renew)));
    } catch (error) {
        client.close();
        throw error;
    }
}

async function goOnline() {
    if (client.state === "online") return;
    await waitedOut(connect);
    await followLink();
}

async function arrive(resumable) {
    byId("bar-player").textContent = client.session.displayName;
    byId("own-id").textContent = client.session.playerId;
    const info = await catalog.load();
    byId("bar-server").textContent = `${info.name} · ${info.region}`;
    banner(null);
    if (resumable && !(await takeSeatBack())) offerToLeave();
}

/** A link into a lobby is followed once; what is refused is told, and the lobbies are there. */
async function followLink() {
    if (!joinLink || client.entry) return;
    const { code, secret } = joinLink;
    joinLink = null;
    try {
        await waitedOut(() => joinByCode(client, code, secret ? { secret } : {}));
    } catch (error) {
        toast(explain(error));
    }
}

async function leaveForLobbies() {
    await client.leave();
    localStore?.removeItem(SEAT_KEY);
    if (!byId("game").hidden) showLobbies();
}

/** create() makes the next one, when nothing of the one before is left. */
function setGame(create = null) {
    game?.destroy();
    game = null;
    hud.reset();
    game = create?.() ?? null;
    byId("hud").hidden = game === null;
}

/** By what a match says of itself: an arena has a map, Connect Four a board. */
function viewOf({ intro }) {
    if (intro?.map) return Game;
    return intro?.board?.columns ? ConnectFour : Board;
}

/** The lobby's first match or its next. */
function showMatch(match) {
    const View = viewOf(match);
    if (game instanceof View) return game.startMatch(match);
    setGame(() => new View({
        client, catalog, hud, canvas: byId("canvas"), launcherButton: byId("touch-launcher"),
    }));
}

/** Nothing of the lobby before is left: another one, or none. */
function resetLobby() {
    for (const dialog of document.querySelectorAll("dialog[open]")) dialog.close();
    setGame();
    for (const part of [chat, votes, scoreboard]) part.reset();
}

/** After a reload of the page, or in another window of this browser. */
async function takeSeatBack() {
    const seat = JSON.parse(localStore?.getItem(SEAT_KEY) ?? "null");
    if (seat?.playerId !== client.session.playerId) return false;
    try {
        await client.resume(seat.resumeToken, seat.url);
        return true;
    } catch (error) {
        if (!isRefusal(error)) throw error; // it is still ours
        localStore?.removeItem(SEAT_KEY);
        return false;
    }
}

/** The seat was taken on another device: only giving it up helps here. */
function offerToLeave() {
    banner("You still hold a seat in a match on another device.", "Give it up", async () => {
        await client.call("lobby.leave").catch((error) => toast(explain(error)));
        banner(null);
    });
}

/** The one way to the lobbies, with a connection or before there is one again. */
function showLobbies() {
    resetLobby();
    lobbyScreen.enter();
    showScreen("lobbies");
    browser.start();
}

/** why: what has led back to it, shown under the form. */
function showWelcome(why = "") {
    banner(null);
    browser.stop();
    resetLobby();
    resetLogin(why, (why && auth.current?.displayName) || "");
    showScreen("welcome");
}

client.on("entered", ({ entry, resumed }) => {
    localStore?.setItem(SEAT_KEY, JSON.stringify({
        playerId: client.session.playerId, resumeToken: entry.resumeToken, url: client.url,
    }));
    browser.stop();
    if (!resumed) {
        dropToasts();
        resetLobby();
    }
    showScreen("game");
    scoreboard.reset();
    if (!entry.match) setGame();
    else if (game) game.resume(entry);
    else showMatch(entry.match);
    lobbyScreen.enter();
    isPaused = false; // a new connection begins without a banner
    showFrozen(entry.lobby.frozen === true);
});

client.on("match.started", showMatch);

/** A lobby that stands: no clock of it runs, no snapshot comes. */
function showFrozen(isFrozen) {
    if (isFrozen === isPaused) return;
    isPaused = isFrozen;
    if (isPaused) hud.startCountdown(0);
    banner(isPaused ? "Paused. The match goes on in a moment" : null);
}

client.on("lobby.updated", ({ lobby }) => showFrozen(lobby.frozen === true));

client.on("lobby.left", (left) => {
    localStore?.removeItem(SEAT_KEY);
    showFrozen(false);
    const text = leftText(left);
    if (text) toast(text, true);
    if (client.state === "online" || client.state === "reconnecting") showLobbies();
});

client.on("lobby.countdown", ({ startsInMs }) => hud.startCountdown(startsInMs));
client.on("latency", ({ rttMs }) => hud.setLatency(rttMs));
client.on("line", ({ silent }) => {
    hud.setSilent(silent);
    if (client.state === "online") banner(silent ? "Nothing comes from the server" : null);
});
client.on("server.stopping", ({ inMs, reason }) => {
    if (inMs) return; // not yet: it is announced
    isStopping = true;
    const why = /^SIG|^$/.test(reason ?? "") ? "" : `: ${reason}`; // a signal's name tells nothing
    dropStopping = toast(`The server is stopping${why}. This page comes back with it.`);
});

client.on("state", ({ state }) => {
    hud.setConnection(state);
    if (state === "online") {
        isStopping = false;
        dropStopping();
        banner(null);
        if (!client.entry && !byId("game").hidden) showLobbies();
    }
});

client.on("reconnecting", ({ attempt }) => {
    const what = isStopping ? "The server has stopped. Waiting for it"
        : "Connection lost. Coming back";
    banner(attempt < 2 ? what : `${what}, try ${attempt + 1}`, "Try now", () => client.retryNow());
});

client.on("session.terminated", (told) => {
    ban = told.banned ? told : null;
});

client.on("closed", ({ code, reason, error }) => {
    const text = ban ? banText(ban) : error ? explain(error) : closedText(code, reason);
    ban = null;
    if (code === 4003) banner(text, "Connect again", connectAgain);
    else if (code !== 1000) showWelcome(text);
});

addEventListener("online", () => client.retryNow());
addEventListener("hashchange", () => {
    joinLink = takeJoinLink() ?? joinLink;
    if (client.state === "online") followLink();
});

async function connectAgain() {
    try {
        await goOnline();
        if (!client.entry) showLobbies();
    } catch (error) {
        showWelcome(explain(error));
    }
}

/** Another tab of this browser holds the account now: nobody plays on here as somebody else. */
function leaveToOtherTab(token) {
    client.close();
    showWelcome();
    if (!token) return banner("You have signed out in another tab.");
    const name = token.displayName;
    banner(`You have signed in as ${name} in another tab.`, `Go on as ${name}`, connectAgain);
}

auth.on("changed", ({ token, elsewhere }) => {
    const isShown = byId("welcome").hidden && token?.playerId === client.session?.playerId;
    if (elsewhere && !isShown) return leaveToOtherTab(token);
    // Renew the session on the connection at hand. If that fails the server closes it in time,
    // and the client comes back with the newer token.
    if (token && client.state === "online") client.authenticate(token.accessToken).catch(() => {});
});

byId("connect-again").onclick = (event) => guarded(event.currentTarget, connectAgain);

byId("leave").onclick = (event) =>
    guarded(event.currentTarget, leaveForLobbies);

byId("log-out").onclick = (event) =>
    guarded(event.currentTarget, async () => {
        client.close();
        showWelcome();
        await auth.logout();
    });

setUpLogin({
    auth,
    storage: localStore,
    onPlay: async () => {
        const isLinked = joinLink !== null;
        await goOnline();
        if (client.entry) return;
        showLobbies();
        if (!isLinked) await browser.quickMatch();
    },
    onBrowse: async () => {
        await goOnline();
        if (!client.entry) showLobbies();
    },
});

if (auth.current) await connectAgain();
else showWelcome();
