// Private lobbies, from outside: who comes in, who decides, votes, live settings, host migration.

import assert from "node:assert/strict";
import { readFile, readdir } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { PLUGINS, eventually, queryDatabase, startServer, suite } from "../kit/harness.mjs";
import { connectPlayer, refused } from "../kit/players.mjs";
import { replay } from "../kit/recording.mjs";

const WAIT = { timeoutMs: 20000 };

const start = (t, config = {}) =>
    startServer(t, { config: { plugins: [...PLUGINS, "rules_private"], ...config } });

const server = await start(suite, {
    rules_private: { voteEveryMs: 0, presets: ["tournament killLimit=30 friendlyFire=true"] },
    lobby: { countdownMs: 100, scoreboardMs: 1500, playersMin: 2 },
});

const people = (t, count, at = server) =>
    Promise.all(Array.from({ length: count }, () => connectPlayer(t, at).then(({ client }) => client)));

const create = (client, settings = {}) =>
    client.createLobby({ gameMode: "arena", settings: { isPrivate: true, botFill: 0, ...settings } });

const idOf = (client) => client.session.playerId;

/** A private lobby with its host and others in it. */
async function sitDown(t, count, settings = {}, at = server) {
    const clients = await people(t, count, at);
    const entry = await create(clients[0], settings);
    for (const client of clients.slice(1)) await client.joinLobby(entry.lobby.lobbyId, { secret: settings.password });
    return { clients, lobbyId: entry.lobby.lobbyId, entry };
}

const denied = async (promise, reason, code = "denied") => {
    const error = await refused(promise, code);
    assert.equal(error.data.reason, reason, error.message);
    assert.ok(error.message.length > 5, "a refusal says why");
    return error;
};

const setting = (client, key) => client.entry.lobby.settings[key];

test("the mission's settings are taken, secrets are never shown", async (t) => {
    const [host, other] = await people(t, 2);
    const settings = {
        isPrivate: true, password: "s3cret-word", allowedPlayers: ["somebody"], killLimit: 50,
        timeLimit: 600, friendlyFire: true, mapName: "canyon", allowMapVoting: true,
        hostId: idOf(host), allowHostMigration: true,
    };
    const entry = await host.createLobby({ gameMode: "arena", settings });
    assert.equal(entry.lobby.settings.isPrivate, true);
    assert.equal(entry.lobby.settings.hostId, idOf(host));
    assert.equal(entry.lobby.settings.password, undefined);
    assert.equal(entry.lobby.settings.allowedPlayers, undefined);
    const shown = JSON.stringify(await host.getLobby(entry.lobby.lobbyId));
    await refused(other.getLobby(entry.lobby.lobbyId), "not_found"); // as in REST
    assert.ok(!shown.includes("s3cret-word") && !shown.includes("somebody"));
    const { lobbies } = await other.listLobbies();
    assert.ok(!lobbies.some(({ lobbyId }) => lobbyId === entry.lobby.lobbyId), "not in the list");
    assert.equal((await server.rest("GET", `/v1/lobbies/${entry.lobby.lobbyId}`)).status, 404);
    const schema = (await other.serverInfo()).gameModes[0].settingsSchema;
    for (const key of Object.keys(settings)) assert.ok(schema.some((one) => one.key === key), key);
    await refused(other.createLobby({ gameMode: "arena", settings: { hostId: idOf(host) } }), "invalid_params");
});

test("a password opens, a wrong one does not, and trying is limited", async (t) => {
    const own = await start(t, {
        rules_private: { playerTriesPerMinute: 3, addressTriesPerMinute: 5, invitesPerMinute: 1 },
    });
    const [host, guest, friend, third] = await people(t, 4, own);
    const { lobby } = await create(host, { password: "open sesame" });
    const join = (client, secret) => client.joinLobby(lobby.lobbyId, { secret });
    await denied(join(guest, undefined), "password_needed");
    for (let i = 0; i < 3; i++) await denied(join(guest, `wrong ${i}`), "password_wrong");
    const limited = await denied(join(guest, "open sesame"), "too_many_tries", "rate_limited");
    assert.ok(limited.data.retryAfterMs > 0);
    assert.equal((await join(friend, "open sesame")).members.length, 2, "others are not limited");
    await friend.leave();
    await denied(join(third, "wrong"), "password_wrong");
    await denied(join(friend, "open sesame"), "too_many_tries", "rate_limited"); // of the same address
    assert.deepEqual(await host.call("lobby.setPassword", { password: "" }), { hasPassword: false });
    await join(guest, undefined);
    await denied(guest.call("lobby.setPassword", { password: "mine" }), "not_host");
    for (const inviter of [host, third]) { // of one address, each has its own
        if (inviter !== host) await create(inviter);
        await inviter.call("lobby.invite", {});
        const { data } = await refused(inviter.call("lobby.invite", {}), "rate_limited");
        assert.ok(data.retryAfterMs > 0);
    }
});

test("invitations: by player, by token, until they expire or are taken back", async (t) => {
    const [host, guest, second, third] = await people(t, 4);
    const { lobby } = await create(host, { password: "hidden" });
    const join = (client, secret) => client.joinLobby(lobby.lobbyId, { secret });
    const told = guest.once("lobby.invited", WAIT);
    const sent = await host.lobby.invite({ playerId: idOf(guest) });
    assert.equal(sent.notified, true);
    const { lobbyId, expiresInMs } = await told;
    assert.equal(lobbyId, lobby.lobbyId);
    for (const ms of [expiresInMs, sent.expiresInMs]) assert.ok(ms > 500_000 && ms <= 600_000);
    await join(guest);
    await denied(guest.call("lobby.invite", { playerId: idOf(second) }), "not_host");
    await host.call("lobby.updateSettings", { settings: { membersInvite: true } });
    await guest.call("lobby.invite", { playerId: idOf(second) });

    const open = await host.call("lobby.invite", {});
    assert.match(open.invitation, /^i\./);
    await host.call("lobby.revokeInvitation", { invitation: open.invitation });
    await refused(host.call("lobby.revokeInvitation", { invitation: open.invitation }), "not_found");
    await denied(join(third, open.invitation), "password_wrong");
    const again = await host.call("lobby.invite", {});
    await join(third, again.invitation);

    const short = await host.call("lobby.invite", { expiresInS: 1 });
    const late = (await people(t, 1))[0];
    await eventually("it has expired", async () => Date.now() > short.expiresAt + 50);
    await denied(join(late, short.invitation), "invitation_expired");
    const { invitations } = await host.call("lobby.access");
    assert.ok(!invitations.some(({ invitation }) => invitation === short.invitation));
});

test("an allow list lets in who is on it, and whom the host invites", async (t) => {
    const [host, listed, stranger] = await people(t, 3);
    const { lobby } = await create(host, { password: "also", allowedPlayers: [idOf(listed)] });
    await listed.joinLobby(lobby.lobbyId);
    await denied(stranger.joinLobby(lobby.lobbyId, { secret: "also" }), "not_invited");
    await host.call("lobby.updateSettings", { settings: { allowedPlayers: [] } });
    await stranger.joinLobby(lobby.lobbyId, { secret: "also" });
});

test("a join code leads in, is limited, and can be renewed", async (t) => {
    const own = await start(t, { lobby: { codeTriesPerMinute: 3, playersMin: 2 } });
    const [host, guest] = await people(t, 2, own);
    const { joinCode } = await create(host);
    assert.match(joinCode, /^[0-9A-HJKMNP-TV-Z]{8}$/);
    const typed = `${joinCode.slice(0, 4).toLowerCase()}-${joinCode.slice(4)}`;
    const entry = await guest.joinByCode(typed);
    assert.equal(entry.members.length, 2);
    await denied(guest.call("lobby.renewCode"), "not_host");
    const renewed = await host.call("lobby.renewCode");
    assert.notEqual(renewed.joinCode, joinCode);
    await guest.leave();
    await refused(guest.call("lobby.joinByCode", { code: joinCode }), "not_found");
    await refused(guest.call("lobby.joinByCode", { code: "AAAA" }), "not_found");
    const limited = await refused(guest.call("lobby.joinByCode", { code: renewed.joinCode }), "rate_limited");
    assert.ok(limited.data.retryAfterMs > 0);
});

test("kick and ban; a banned player stays out until the ban ends", async (t) => {
    const { clients: [host, guest, other], lobbyId } = await sitDown(t, 3);
    await denied(guest.call("lobby.kick", { playerId: idOf(other) }), "not_host");
    await denied(guest.call("lobby.ban", { playerId: idOf(other) }), "not_host");
    await refused(host.call("lobby.kick", { playerId: idOf(host) }), "invalid_params");
    await refused(host.call("lobby.kick", { playerId: "nobody" }), "not_found");
    const kicked = guest.once("lobby.left", WAIT);
    await host.lobby.kick(idOf(guest), "idle");
    assert.deepEqual(await kicked, { reason: "kick", message: "idle" });
    await guest.joinLobby(lobbyId);
    const hushed = guest.once("lobby.left", WAIT);
    await server.admin(`mute ${idOf(host)} 1h language`);
    await host.lobby.kick(idOf(guest), "insults");
    assert.deepEqual(await hushed, { reason: "kick" }); // the muted give no reasons either
    await server.admin(`unmute ${idOf(host)}`);
    await guest.joinLobby(lobbyId);
    const banned = guest.once("lobby.left", WAIT);
    await host.call("lobby.ban", { playerId: idOf(guest), reason: "again" });
    assert.equal((await banned).reason, "ban");
    const error = await denied(guest.joinLobby(lobbyId), "banned");
    assert.match(error.message, /again/);
    assert.equal((await host.call("lobby.access")).bans.length, 1);
    await host.call("lobby.unban", { playerId: idOf(guest) });
    await refused(host.call("lobby.unban", { playerId: idOf(guest) }), "not_found");
    await guest.joinLobby(lobbyId);
    await guest.leave();
    await host.call("lobby.ban", { playerId: idOf(guest), seconds: 1 });
    await denied(guest.joinLobby(lobbyId), "banned");
    await eventually("the ban is over", () => guest.joinLobby(lobbyId).catch(() => null));
});

test("the host hands over, and who has been there longest follows a host that leaves", async (t) => {
    const { clients: [host, second, third] } = await sitDown(t, 3);
    await denied(second.call("lobby.transferHost", { playerId: idOf(second) }), "not_host");
    await host.call("lobby.transferHost", { playerId: idOf(third) });
    await eventually("told", () => setting(second, "hostId") === idOf(third));
    await denied(host.call("lobby.lock", { locked: true }), "not_host");
    await host.leave();
    await third.leave();
    await eventually("migrated", () => setting(second, "hostId") === idOf(second));
    await second.call("lobby.lock", { locked: true });
    await second.call("lobby.updateSettings", { settings: { hostId: idOf(second) } });
    await refused(second.call("lobby.updateSettings", { settings: { hostId: idOf(host) } }), "invalid_params");
});

test("without host migration the lobby ends with its host", async (t) => {
    const { clients: [host, guest] } = await sitDown(t, 2, { allowHostMigration: false });
    const left = guest.once("lobby.left", WAIT);
    await host.leave();
    assert.equal((await left).reason, "closed");
});

test("a lock keeps everybody out but the host's key", async (t) => {
    const { clients: [host, guest], lobbyId } = await sitDown(t, 2);
    await guest.leave();
    await host.call("lobby.lock", { locked: true });
    await eventually("told", () => setting(host, "locked") === true);
    await denied(guest.joinLobby(lobbyId), "locked");
    await denied(guest.joinLobby(lobbyId, { spectator: true }), "locked");
    await host.call("lobby.updateSettings", { settings: { locked: false } });
    await guest.joinLobby(lobbyId);
});

test("ready-up: a private lobby starts when all are ready, or when the host says so", async (t) => {
    const { clients: [host, guest] } = await sitDown(t, 2);
    await host.call("lobby.ready", { ready: true });
    await eventually("seen", () => guest.entry.members.some(({ ready }) => ready));
    assert.equal(guest.entry.lobby.state, "waiting");
    const started = host.once("match.started", WAIT);
    await guest.call("lobby.ready", { ready: true });
    await started;
    await refused(guest.call("lobby.ready", { ready: false }), "wrong_state");
    await refused(host.call("lobby.start"), "wrong_state");

    const forced = await sitDown(t, 1, { startWhen: "host" });
    const tooFew = await refused(forced.clients[0].call("lobby.start"), "wrong_state");
    assert.match(tooFew.message, /1 of 2/);
    const [friend] = await people(t, 1);
    await friend.joinLobby(forced.lobbyId);
    await denied(friend.call("lobby.start"), "not_host");
    const begun = friend.once("match.started", WAIT);
    await forced.clients[0].call("lobby.start");
    await begun;
});

test("who was ready is not so any more after a match; all yes begins the next one at once", async (t) => {
    const own = await start(t, { lobby: { countdownMs: 100, scoreboardMs: 60000, playersMin: 2 } });
    const { clients } = await sitDown(t, 2, { timeLimit: 1 }, own);
    const [host, guest] = clients;
    const ended = host.once("match.ended", WAIT);
    for (const client of clients) await client.call("lobby.ready", { ready: true });
    await ended;
    assert.ok(host.entry.members.every(({ ready }) => !ready), "told as not ready");
    const again = host.once("match.started", WAIT);
    for (const client of clients) await client.voteRestart(true);
    await again;
    await host.once("match.ended", WAIT);
    guest.close();
});

test("teams: lock, others' teams, shuffle, swap", async (t) => {
    const { clients } = await sitDown(t, 4, { startWhen: "host" });
    const [host, guest] = clients;
    const teams = () => host.entry.members.map(({ team }) => team).sort();
    await denied(guest.call("lobby.setTeam", { team: "red", playerId: idOf(host) }), "not_host");
    await host.call("lobby.setTeam", { team: "blue", playerId: idOf(guest) });
    await eventually("moved", () => guest.entry.team === "blue");
    await host.call("lobby.updateSettings", { settings: { teamLock: true } });
    await denied(guest.call("lobby.setTeam", { team: "red" }), "teams_locked");
    await denied(guest.call("lobby.shuffleTeams"), "not_host");
    await host.lobby.shuffleTeams();
    await eventually("even teams", () => teams().join() === "blue,blue,red,red");
    const before = new Map(host.entry.members.map(({ playerId, team }) => [playerId, team]));
    await host.call("lobby.swapTeams");
    await eventually("swapped", () =>
        host.entry.members.every(({ playerId, team }) => team !== before.get(playerId)));
    const started = guest.once("match.started", WAIT);
    await host.call("lobby.start");
    await started;
    await refused(host.call("lobby.swapTeams"), "wrong_state");
});

test("spectators: whether they may watch, and chat", async (t) => {
    const { clients: [host, watcher], lobbyId } = await sitDown(t, 2, { spectatorChat: false });
    await watcher.leave();
    await watcher.joinLobby(lobbyId, { spectator: true });
    await denied(watcher.chat("hello"), "spectators_silent");
    await host.call("lobby.updateSettings", { settings: { spectatorChat: true } });
    const heard = host.once("lobby.chat", WAIT);
    await watcher.chat("hello");
    assert.equal((await heard).text, "hello");
    await denied(watcher.call("lobby.callVote", { vote: "map" }), "spectator");
    await watcher.leave();
    await host.call("lobby.updateSettings", { settings: { allowSpectators: false } });
    await denied(watcher.joinLobby(lobbyId, { spectator: true }), "no_spectators");
});

test("settings change while the lobby lives, by the host alone, and say when they cannot", async (t) => {
    const { clients: [host, guest] } = await sitDown(t, 2, { startWhen: "host" });
    const change = (client, settings) => client.call("lobby.updateSettings", { settings });
    await denied(change(guest, { killLimit: 3 }), "not_host");
    assert.equal((await change(host, { killLimit: 3, botFill: 2, maxPlayers: 4 })).lobby.settings.killLimit, 3);
    await eventually("told", () => setting(guest, "killLimit") === 3 && guest.entry.lobby.maxPlayers === 4);
    await refused(change(host, { killLimit: -1 }), "invalid_params");
    await refused(change(host, { killLimt: 1 }), "invalid_params");
    const error = await refused(change(host, { password: "x".repeat(65) }), "invalid_params");
    assert.ok(!error.message.includes("xxx"), "a password is not repeated");
    const started = guest.once("match.started", WAIT);
    await host.call("lobby.start");
    await started;
    const late = await refused(change(host, { killLimit: 9, botFill: 0 }), "wrong_state");
    assert.equal(late.data.setting, "botFill");
    assert.equal((await host.getLobby(host.entry.lobby.lobbyId)).settings.killLimit, 3, "all or none");
    await change(host, { killLimit: 9 });
});

test("a limit lowered while the match runs ends it, and the replay agrees", async (t) => {
    const own = await start(t, { lobby: { countdownMs: 100, scoreboardMs: 1000, playersMin: 2 } });
    const { clients: [host, guest] } = await sitDown(t, 2, { startWhen: "enough", timeLimit: 600 }, own);
    if (!host.entry.match) await host.once("match.started", WAIT);
    const ended = guest.once("match.ended", WAIT);
    await host.call("lobby.updateSettings", { settings: { timeLimit: 1, friendlyFire: true, respawnMs: 500 } });
    const { results } = await ended;
    assert.equal(results.reason, "time_limit");
    await own.stop();
    const played = await replay(own.dataDir, results.matchId);
    assert.equal(played.hash, played.recordedHash);
    assert.deepEqual(played.results, results);
});

test("late join and lock at start", async (t) => {
    const { clients: [host, guest], lobbyId } = await sitDown(t, 2, { lateJoin: false, startWhen: "enough" });
    if (!guest.entry.match) await guest.once("match.started", WAIT);
    const [late] = await people(t, 1);
    await denied(late.joinLobby(lobbyId), "no_late_join");
    await host.call("lobby.updateSettings", { settings: { lateJoin: true } });
    await late.joinLobby(lobbyId);

    const locking = await sitDown(t, 2, { lockAtStart: true, startWhen: "enough" });
    await eventually("locked", () => setting(locking.clients[0], "locked") === true);
    await late.leave();
    await denied(late.joinLobby(locking.lobbyId), "locked");
});

test("a map is voted for", async (t) => {
    const { clients: [host, guest] } = await sitDown(t, 2, { startWhen: "host", mapName: "canyon" });
    await host.call("lobby.updateSettings", { settings: { allowMapVoting: false } });
    await denied(guest.call("lobby.callVote", { vote: "map" }), "vote_off");
    await host.call("lobby.updateSettings", { settings: { allowMapVoting: true } });
    await refused(guest.call("lobby.callVote", { vote: "weather" }), "invalid_params");
    const told = host.once("lobby.vote", WAIT);
    await guest.call("lobby.callVote", { vote: "map" });
    const { voteId, options, counts, vote } = await told;
    assert.equal(vote, "map");
    assert.equal(options.length, counts.length);
    await denied(guest.call("lobby.callVote", { vote: "map" }), "vote_running", "wrong_state");
    const other = options.find((name) => name !== "canyon");
    await refused(host.call("lobby.castVote", { voteId, option: "nowhere" }), "invalid_params");
    await refused(host.call("lobby.castVote", { voteId: voteId + 999, option: other }), "not_found");
    const ended = host.once("lobby.voteEnded", WAIT);
    for (const client of [host, guest]) await client.call("lobby.castVote", { voteId, option: other });
    assert.equal((await ended).winner, other);
    await eventually("the map is changed", () => setting(guest, "mapName") === other);
});

test("somebody is voted out, and stays out for a while", async (t) => {
    const { clients: [host, a, b, c], lobbyId } = await sitDown(t, 4, { startWhen: "host" });
    await denied(a.call("lobby.callVote", { vote: "kick", playerId: idOf(host) }), "not_this_one");
    await refused(a.call("lobby.callVote", { vote: "kick", playerId: "nobody" }), "not_found");
    const told = host.once("lobby.vote", WAIT);
    await a.call("lobby.callVote", { vote: "kick", playerId: idOf(c) });
    const { voteId, yes, needed, subject } = await told;
    assert.deepEqual([yes, needed, subject], [1, 2, idOf(c)]);
    await refused(c.call("lobby.castVote", { voteId, option: "no" }), "denied");
    const left = c.once("lobby.left", WAIT);
    await b.call("lobby.castVote", { voteId, option: "yes" });
    assert.equal((await left).reason, "kick");
    await denied(c.joinLobby(lobbyId), "banned");
    await denied(a.call("lobby.callVote", { vote: "kick", playerId: idOf(a) }), "not_this_one");
});

test("a call that is refused turns no kick vote onto somebody else", async (t) => {
    const { clients: [host, accuser, accused, third], lobbyId } = await sitDown(t, 4, { startWhen: "host" });
    const told = host.once("lobby.vote", WAIT);
    await accuser.call("lobby.callVote", { vote: "kick", playerId: idOf(accused) });
    const { voteId } = await told;
    const turned = accused.call("lobby.callVote", { vote: "kick", playerId: idOf(accuser) });
    await denied(turned, "vote_running", "wrong_state");
    const left = accused.once("lobby.left", WAIT);
    await third.call("lobby.castVote", { voteId, option: "yes" });
    assert.equal((await left).reason, "kick");
    await denied(accused.joinLobby(lobbyId), "banned");
    assert.equal(accuser.entry.lobby.lobbyId, lobbyId);
});

test("quick match passes by a lobby that has banned the player, or that waits for its host", async (t) => {
    const own = await start(t, {});
    const [host, banned, other, seeker] = await people(t, 4, own);
    const { lobby } = await host.createLobby({ gameMode: "arena", settings: { startWhen: "host" } });
    await host.call("lobby.ban", { playerId: idOf(banned) });
    const found = await banned.findMatch({ gameMode: "arena" });
    assert.notEqual(found.lobby.lobbyId, lobby.lobbyId);
    await banned.leave();
    assert.equal((await other.findMatch({ gameMode: "arena" })).lobby.lobbyId, lobby.lobbyId);
    host.close();
    await eventually("the host is away", () => other.entry.members.some(({ connected }) => !connected));
    assert.notEqual((await seeker.findMatch({ gameMode: "arena" })).lobby.lobbyId, lobby.lobbyId);
});

test("presets: the operator's and one's own", async (t) => {
    const { clients: [host, guest] } = await sitDown(t, 2, { startWhen: "host" });
    await denied(guest.call("lobby.applyPreset", { name: "tournament" }), "not_host");
    await host.call("lobby.applyPreset", { name: "tournament" });
    await eventually("applied", () => setting(guest, "killLimit") === 30 && setting(guest, "friendlyFire"));
    await refused(host.call("lobby.applyPreset", { name: "none" }), "not_found");
    await host.lobby.savePreset("my evening");
    assert.equal((await host.lobby.updateSettings({ killLimit: 5 })).settings.killLimit, 5);
    await host.lobby.applyPreset("my evening");
    await eventually("as saved", () => setting(host, "killLimit") === 30);
    const { presets } = await host.call("lobby.presets");
    assert.deepEqual(presets.map(({ name, own }) => [name, own]), [["tournament", false], ["my evening", true]]);
    assert.equal((await guest.call("lobby.presets")).presets.length, 1, "others' presets are theirs");
    await host.leave();
    assert.equal((await host.lobby.presets()).length, 2, "also outside of a lobby");
    await denied(host.lobby.applyPreset("my evening"), "no_lobby", "wrong_state");
    await host.call("lobby.deletePreset", { name: "my evening" });
    await refused(host.call("lobby.deletePreset", { name: "my evening" }), "not_found");
});

test("public lobbies start by themselves, and matchmaking keeps out of closed ones", async (t) => {
    const own = await start(t, {});
    const [host, guest, seeker] = await people(t, 3, own);
    const { lobby } = await host.createLobby({ gameMode: "arena", settings: { password: "shut" } });
    const found = await seeker.findMatch({ gameMode: "arena" });
    assert.notEqual(found.lobby.lobbyId, lobby.lobbyId);
    await denied(seeker.call("lobby.lock", { locked: true }), "no_host");
    const started = host.once("match.started", WAIT);
    await guest.joinLobby(lobby.lobbyId, { secret: "shut" });
    await started;
});

test("a reload of the rules leaves lobbies as they are", async (t) => {
    const own = await start(t, {});
    const { clients: [host, guest], lobbyId } = await sitDown(t, 2, { password: "before" }, own);
    assert.match(await own.admin("reload rules_private"), /reloaded/);
    const [other] = await people(t, 1, own);
    await denied(other.joinLobby(lobbyId, { secret: "after" }), "password_wrong");
    assert.equal((await host.lobby.access()).hasPassword, true);
    await host.lobby.setPassword("after");
    await other.joinLobby(lobbyId, { secret: "after" });
    await host.leave();
    await eventually("migrated", () => setting(guest, "hostId") === idOf(guest));
    const second = await create(host, { password: "new" });
    assert.equal((await host.lobby.access()).hasPassword, true);
    await guest.leave();
    await denied(guest.joinLobby(second.lobby.lobbyId), "password_needed");
    await other.leave();
});

test("plugins' methods pass the gate: sign-in, parameters, no batch, no lobby", async (t) => {
    const [client] = await people(t, 1);
    await denied(client.call("lobby.access"), "no_lobby", "wrong_state");
    await create(client);
    await refused(client.call("lobby.invite", { expiresInS: 0 }), "invalid_params");
    await refused(client.call("lobby.invite", { colour: "red" }), "invalid_params");
    await refused(client.call("lobby.setPassword", {}), "invalid_params");
    const [inBatch] = await client.batch([{ method: "lobby.access" }]);
    assert.equal(inBatch.error?.code, "invalid_request");
});

test("without rules nobody decides over others", async (t) => {
    const own = await startServer(t, { config: { plugins: PLUGINS.filter((name) => name !== "rules_private") } });
    const [host, guest] = await people(t, 2, own);
    const { lobby } = await host.createLobby({ gameMode: "arena", settings: { isPrivate: true } });
    await guest.joinLobby(lobby.lobbyId);
    await denied(host.call("lobby.kick", { playerId: idOf(guest) }), "no_rules");
    await refused(host.call("lobby.invite", {}), "method_not_found");
});

test("no password is in a log, a record or the database", async (t) => {
    const own = await start(t, { server: { logLevel: "debug" } });
    const secret = "tell-nobody-7261";
    const { clients: [host, guest] } = await sitDown(t, 2, { password: secret, startWhen: "enough" }, own);
    if (!guest.entry.match) await guest.once("match.started", WAIT);
    await host.call("lobby.setPassword", { password: `${secret}-2` });
    await host.call("lobby.savePreset", { name: "mine" });
    const rows = await queryDatabase(own, "SELECT settings FROM lobby_presets");
    assert.equal(rows.length, 1);
    await own.stop();
    assert.ok(!own.output.includes(secret), "the log");
    for (const name of await readdir(own.dataDir, { recursive: true, withFileTypes: true })) {
        if (!name.isFile()) continue;
        const bytes = await readFile(path.join(name.parentPath ?? name.path, name.name));
        assert.ok(!bytes.includes(secret), name.name);
    }
});
