// muster-client: accounts, lobbies, matches and snapshots of muster game servers.
// Works in browsers and in Node from 20 on. docs/protocol.md describes the wire.
// The types of types.d.ts go with the package by name.

export { AuthClient } from "./auth.js";
export { MusterClient } from "./client.js";
export { Connection, SUBPROTOCOL } from "./connection.js";
export { DirectoryClient } from "./directory.js";
export { Emitter } from "./emitter.js";
export { MusterError } from "./errors.js";
export { LobbyControl } from "./lobby.js";
export { MovePredictor } from "./predict.js";
export { backoffMs, closePolicy, isRefusal, retryAfterMs } from "./policy.js";
export { Reader } from "./reader.js";
export { BATCH_MAX, RpcClient } from "./rpc.js";
export {
    INFLATED_MAX,
    SEAT_NONE,
    decodeJsonFrame,
    decodeSnapshot,
    encodeInput,
    encodeMessage,
    inflate,
    inflateFrame,
    isDeflated,
} from "./snapshot.js";
export { SyncState } from "./sync.js";
export {
    ArenaMap,
    ArenaWorld,
    BUTTON_LAUNCHER,
    BUTTON_RIFLE,
    TEAMS,
    decodeArenaEvent,
    moveAvatar,
    moveStep,
} from "./arena.js";
