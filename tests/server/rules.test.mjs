// The rules in Lua that come along, from outside: chosen by settings, they refuse with a reason,
// change and swallow chat, answer commands, call votes, kick, remember, and change while a match runs.

import assert from "node:assert/strict";
import { test } from "node:test";
import { eventually, startServer, suite } from "../kit/harness.mjs";
import { Teammate, connectPlayer, refused } from "../kit/players.mjs";
import { MOD_PLUGINS } from "../kit/mods.mjs";

const WAIT = { timeoutMs: 20000 };
/** Nothing ends it by itself. */
const ENDLESS = { maxPlayers: 4, killLimit: 0, timeLimit: 0, startWhen: "host" };

const server = await startServer(suite, {
    config: {
        plugins: MOD_PLUGINS,
        lobby: { countdownMs: 100, scoreboardMs: 1500, playersMin: 2 },
        lua: { permissions: ["chat", "storage", "teams", "vote", "friendly_fire_escalation.kick"] },
        rules_private: { voteEveryMs: 0 },
    },
});

let people = 0;

/** Somebody who keeps what is said. */
async function person(t, settings) {
    const mate = new Teammate(await connectPlayer(t, server, { name: `Guest ${++people}` }), settings);
    mate.lines = [];
    mate.client.on("lobby.chat", ({ text }) => mate.lines.push(text));
    mate.hears = (pattern) =>
        eventually(`${pattern}`, () => mate.lines.find((line) => pattern.test(line)));
    mate.name = mate.client.session.displayName;
    mate.id = mate.client.session.playerId;
    return mate;
}

/** A server on a busy machine takes no new lobbies for a while. */
const create = ({ client }, settings = {}, gameMode = "arena") =>
    eventually("room for a lobby", () =>
        client.createLobby({ gameMode, settings: { ...ENDLESS, ...settings } }).catch((error) => {
            if (error.code !== "server_busy") throw error;
        }),
    );

/** A lobby with these rules: its host and so many others. */
async function gather(t, count, settings, gameMode) {
    const team = await Promise.all(Array.from({ length: count }, () => person(t)));
    const { lobby } = await create(team[0], settings, gameMode);
    for (const { client } of team.slice(1)) await client.joinLobby(lobby.lobbyId);
    return { team, lobbyId: lobby.lobbyId };
}

async function begin(team) {
    await team[0].client.lobby.start();
    await eventually("the match", () => team.every(({ bot }) => bot?.snapshots > 0));
}

async function denied(promise, message) {
    const error = await refused(promise, "denied");
    assert.match(error.message, message);
    return error;
}

test("rules are chosen by name: those there are, and that go together", async (t) => {
    const host = await person(t);
    const { modes, rules } = await host.client.call("mods.list");
    assert.ok(modes.some(({ id }) => id === "infection"));
    assert.ok(rules.length >= 12, `${rules.length} rules`);
    const mirror = rules.find(({ id }) => id === "mirror_damage");
    assert.deepEqual(mirror.settings, ["mirrorDamagePercent"]);
    await denied(create(host, { rules: ["mirror_damage", "wallhack"] }), /found "wallhack"/);
    await denied(create(host, { rules: ["infection"] }), /found "infection"/);
    await denied(create(host, { rules: ["no_respawn", "wave_respawn"] }), /no_respawn.*wave_respawn/);
    await denied(create(host, { rules: ["random_loadout"] }, "gun_game"), /random_loadout.*gun_game/);
    await create(host, { rules: ["no_respawn"] }, "king_of_the_hill");
    const change = (ids) => host.client.call("lobby.updateSettings", { settings: { rules: ids } });
    await denied(change(["no_respawn", "wave_respawn"]), /wave_respawn/);
    const { lobby } = await change(["wave_respawn", "low_gravity"]);
    assert.deepEqual(lobby.settings.rules, ["wave_respawn", "low_gravity"]);
});

test("a veto keeps somebody out, and says why", async (t) => {
    const { team, lobbyId } = await gather(t, 2, { rules: ["tournament_lock"] });
    await server.admin("restart in 2m");
    await denied(team[0].client.lobby.start(), /^the server restarts soon/);
    await server.admin("restart cancel");
    await begin(team);
    const late = await person(t);
    const error = await denied(late.client.joinLobby(lobbyId), /^locked until the match is over$/);
    assert.equal(error.data.reason, "rule");
    await denied(team[0].client.lobby.kick(team[1].id), /^locked/);
    await denied(team[0].client.call("lobby.updateSettings", { settings: { killLimit: 9 } }), /^locked/);
    await late.client.joinLobby(lobbyId, { spectator: true });
});

test("a veto holds a match back, and says for whom", async (t) => {
    const { team } = await gather(t, 2, { rules: ["ready_check"] });
    const [host, guest] = team;
    await host.client.lobby.ready(true);
    await denied(host.client.lobby.start(), new RegExp(`^not ready yet: ${guest.name}$`));
    await guest.client.lobby.ready(true);
    await eventually("ready", () => host.client.entry.members.every(({ ready }) => ready));
    await begin(team);
});

test("a limit that was off ends the match it is set in", async (t) => {
    const { team } = await gather(t, 2);
    await begin(team);
    await team[0].client.call("lobby.updateSettings", { settings: { timeLimit: 1 } });
    assert.equal((await team[1].end(0)).results.reason, "time_limit");
});

test("chat is changed, and swallowed", async (t) => {
    const { team } = await gather(t, 2, { rules: ["chat_filter"], chatFilterWords: ["rat"] });
    const [host, guest] = team;
    await host.client.chat("you RAT!");
    await guest.hears(/^you \*\*\*!$/);
    await host.client.chat("once");
    await host.client.chat("once");
    await host.hears(/just said/);
    await host.client.chat("twice");
    await guest.hears(/^twice$/);
    assert.deepEqual(guest.lines, ["you ***!", "once", "twice"]);
});

test("/rules, /help and commands, which answer who typed them", async (t) => {
    const rules = ["host_commands", "low_gravity", "hall_of_fame"];
    const { team, lobbyId } = await gather(t, 2, { rules, lowGravityPercent: 150 });
    const [host, guest] = team;
    await guest.client.chat("/rules");
    await guest.hears(/^low_gravity: everybody moves at 150 %/);
    await guest.hears(/^hall_of_fame: /);
    await guest.client.chat("/help");
    await guest.hears(/^\/close: nobody else comes in/);
    await guest.client.chat("/close");
    await guest.hears(/^Only the host may do that/);
    await host.client.chat("/close");
    await host.hears(/^The lobby is closed/);
    await eventually("locked", () => guest.client.entry.lobby.settings.locked === true);
    await refused((await person(t)).client.joinLobby(lobbyId), "denied");
    assert.ok(!host.lines.some((line) => line.startsWith("/")), "nobody else sees a command");
    await begin(team);
    await guest.client.chat("/best"); // of the match realm
    await guest.hears(/^Nobody is in the hall of fame yet/);
});

test("a setting of a rule changes while a match runs", async (t) => {
    const { team } = await gather(t, 2, { rules: ["low_gravity"], lowGravityPercent: 100 });
    await begin(team);
    const [host, guest] = team;
    const speed = () => guest.bot.world.avatars.get(host.client.entry.seat)?.speed;
    await host.client.call("lobby.updateSettings", { settings: { lowGravityPercent: 200 } });
    await eventually("faster", () => speed() === 96);
    await host.client.call("lobby.updateSettings", { settings: { lowGravityPercent: 50 } });
    await eventually("slower", () => speed() === 24);
});

test("a vote of a rule ends the match", async (t) => {
    const { team } = await gather(t, 2, { rules: ["end_vote"] });
    await begin(team);
    const asked = team.map(({ client }) => client.once("lobby.vote", WAIT));
    await team[1].client.chat("/finish");
    const votes = await Promise.all(asked);
    assert.equal(votes[0].vote, "end_vote");
    assert.equal(votes[0].subject, "End the match now?");
    assert.deepEqual(votes[0].options, ["yes", "no"]);
    const cast = ({ client }) => client.call("lobby.castVote", { voteId: votes[0].voteId, option: "yes" });
    await Promise.all(team.map(cast));
    const { results } = await team[0].end();
    assert.equal(results.reason, "forfeit");
    assert.ok(results.versions.some(({ name }) => name === "mod:end_vote"));
});

test("who kills mates is warned, and then kicked", async (t) => {
    const settings = {
        rules: ["friendly_fire_escalation"], friendlyFireEscalationKick: 2, friendlyFire: true,
        mapName: "crossfire", respawnMs: 0, spawnProtectionMs: 0,
    };
    const hunts = (other, own) => other.team === own.team && other.seat !== own.seat;
    const killer = await person(t, { hunts });
    const [mate, enemy] = await Promise.all([person(t, { fires: false }), person(t, { fires: false })]);
    const { lobby } = await create(killer, settings);
    for (const [{ client }, team] of [[mate, "red"], [enemy, "blue"]])
        await client.joinLobby(lobby.lobbyId, { team });
    await killer.client.call("lobby.setTeam", { team: "red" });
    const left = killer.client.once("lobby.left", { timeoutMs: 60000 });
    await begin([killer, mate, enemy]);
    await killer.hears(/^You killed a mate/);
    const { reason } = await left;
    assert.equal(reason, "kick");
    await eventually("the others", () => mate.client.entry.members.length === 2);
});

test("what a rule keeps is there in the next lobby", async (t) => {
    const host = await person(t);
    await create(host, { rules: ["welcome_message"] });
    await host.hears(new RegExp(`^Welcome, ${host.name}!`));
    await host.client.leave();
    await create(host, { rules: ["welcome_message"] });
    await host.hears(new RegExp(`^Welcome back, ${host.name}, for the 2. time!`));
});
