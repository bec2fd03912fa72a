// ways - how a hostile script comes to its attack: as a rule that is uploaded, by command or while it
// is loaded; as a mod of the operator, by command of a player or of the console. Each answers what
// became of it: {entered, refused, killed, error, answer}.

import { CheckedWebSocket } from "../kit/openrpc.mjs";
import { connectPlayer } from "../kit/players.mjs";
import { inTime, sleep } from "./node.mjs";
import { dress, dressAtLoad, modId } from "./scripts.mjs";

let places = 0;

/** From an address of its own: limits that count for an address would stop the next script. */
function elsewhere() {
    const localAddress = `127.0.${1 + (places >> 8)}.${1 + (places++ & 127)}`;
    return {
        WebSocket: class extends CheckedWebSocket {
            constructor(url, protocol) {
                super(url, protocol, { localAddress });
            }
        },
    };
}

const PART_BYTES = 12000; // a message has at most 16 KiB
const FULL_MS = 700; // a node that is late takes no new lobbies until it has caught up

async function upload(client, text) {
    const count = Math.ceil(text.length / PART_BYTES);
    for (let part = 0; part < count; part++) {
        const source = text.slice(part * PART_BYTES, (part + 1) * PART_BYTES);
        const params = { name: "attack", source, part, more: part + 1 < count };
        await inTime(client.call("lobby.uploadRule", params), "the upload");
    }
}

function listen(client, end) {
    client.on("lobby.chat", ({ playerId, text }) => {
        if (playerId === "" && end.asked && end.answer === undefined) end.answer = text;
    });
    client.on("mod.error", ({ message }) => {
        if (/^stopped: /.test(message)) end.killed = message;
        else if (/^error: /.test(message)) end.error = message;
    });
}

async function openLobby(client, settings) {
    for (;;) {
        try {
            return await client.createLobby({ gameMode: "arena", settings });
        } catch (error) {
            if (error.code !== "server_busy") throw error;
            await sleep(FULL_MS);
        }
    }
}

/** A lobby of two with the rules; fn(host's client, entry, end) does the rest. */
async function inLobby(node, rules, end, fn) {
    const host = await connectPlayer(null, node.server, { name: "Attacker", options: elsewhere() });
    const mate = await connectPlayer(null, node.server, { name: "Mate" });
    try {
        const settings = { isPrivate: true, botFill: 4, maxPlayers: 2, killLimit: 1000, startWhen: "host", rules };
        const entry = await inTime(openLobby(host.client, settings), "a lobby");
        await mate.client.joinLobby(entry.lobby.lobbyId);
        listen(host.client, end);
        await fn(host.client, entry);
    } catch (error) {
        const isRefused = error.data?.reason === "bad_script" || /expected rules of this server/.test(error.message);
        if (!isRefused) throw error; // else the mod, or the upload, was not taken
        end.refused = error.message;
    } finally {
        for (const { client, auth } of [host, mate]) {
            client.close();
            auth.stop();
        }
    }
    return end;
}

async function start(client, end) {
    await client.call("lobby.start", {});
    await inTime(client.once("match.started"), "the match");
    end.entered = true;
    end.asked = true;
}

async function ask(client) {
    await inTime(client.call("lobby.chat", { text: "/attack" }), "the attack");
    await inTime(client.call("session.ping", {}), "the node"); // answered after what the attack says
}

function byUpload(node, script) {
    const end = {};
    return inLobby(node, [], end, async (client) => {
        await upload(client, dress(script.text));
        await start(client, end);
        await ask(client);
    });
}

function atLoad(node, script) {
    const end = { entered: true };
    return inLobby(node, [], end, (client) => upload(client, dressAtLoad(script.text)));
}

function asMod(node, script) {
    const end = {};
    return inLobby(node, [modId(script)], end, async (client) => {
        await start(client, end);
        await ask(client);
    });
}

function byConsole(node, script) {
    const end = {};
    return inLobby(node, [modId(script)], end, async (client, entry) => {
        await start(client, end);
        const asked = node.server.adminAnswer(`mods run ${entry.lobby.lobbyId} attack`);
        const { body } = await inTime(asked, "the console");
        await inTime(client.call("session.ping", {}), "the node");
        end.answer = (body.output ?? body.detail).trim(); // and not what the lobby was told meanwhile
    });
}

export const WAYS = { upload: byUpload, load: atLoad, mod: asMod, console: byConsole };
