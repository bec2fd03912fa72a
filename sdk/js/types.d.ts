/**
 * The objects of the wire (docs/protocol.md) and the options of this package.
 * Written by hand; the other .d.ts files are made from the JSDoc of the modules.
 */

import type { Connection } from "./connection.js";

/** A word of the game mode: "red" or "blue" where there are two teams. What the server tells may be "none", too. */
export type Team = string;
export type LobbyState = "waiting" | "starting" | "active" | "ending" | "completed";
/** "score_limit", "time_limit", "elimination", "forfeit", "aborted", or a word of the mode. */
export type EndReason = string;
export type LeftReason =
  "quit" | "timeout" | "kick" | "ban" | "shutdown" | "disturbed" | "closed";
/** "stall", "overload", "restart", "crash", "shutdown"; others may come. */
export type DisturbedCause = string;
export type SettingValue = string | number | boolean | string[];

export interface AuthToken {
  playerId: string;
  displayName: string;
  region: string;
  permissions: string[];
  /** Unix seconds, by the server's clock. */
  expiresAt: number;
  /** Seconds that the access token lasted when it was given out. */
  expiresIn?: number;
  refreshToken: string;
  accessToken: string;
  tokenType: "Bearer";
}

export interface PlayerSession {
  sessionId: string;
  playerId: string;
  displayName: string;
  region: string;
  permissions: string[];
  createdAt: number;
  expiresAt: number;
  lobbyId: string | null;
}

export interface LobbyInfo {
  lobbyId: string;
  serverNodeId: string;
  gameMode: string;
  currentPlayers: number;
  maxPlayers: number;
  settings: Record<string, SettingValue>;
  state: LobbyState;
  region: string;
  /** It stands for a while, and its match with it. */
  frozen: boolean;
}

export interface Member {
  playerId: string;
  displayName: string;
  seat: number;
  team: Team;
  connected: boolean;
  isBot: boolean;
  spectator: boolean;
  ready: boolean;
}

export interface MatchInfo {
  matchId: string;
  gameMode: string;
  mapName: string;
  tickRate: number;
  seatsMax: number;
  tick: number;
  /** The mode's static object; for the arena: ArenaIntro. */
  intro: unknown;
}

export interface Entry {
  lobby: LobbyInfo;
  /** 255 for a spectator. */
  seat: number;
  team: Team;
  resumeToken: string;
  members: Member[];
  match: MatchInfo | null;
  /** Leads here; "" for a lobby without a host. */
  joinCode: string;
  /** That run, with one's own choice; each is told as "lobby.vote", too. */
  votes: (VoteTally & { choice: string | null })[];
}

/** A reserved seat: present the ticket with MusterClient.enter. */
export interface Reservation {
  lobby: LobbyInfo;
  seatTicket: string;
  /** WebSocket URL of the node that owns the lobby, "" for the connection at hand. */
  url: string;
}

export interface PlayerMatchStats {
  playerId: string;
  displayName: string;
  team: Team;
  kills: number;
  deaths: number;
  assists: number;
  score: number;
  isBot: boolean;
  /** null: was there at the end. "disturbed": by a fault of the server's. */
  leaveReason: LeftReason | null;
  /** What the mode counts beside the four. */
  stats?: Record<string, number>;
}

/** A team (`team`), or a player (`playerId`, `displayName`). */
export interface Winner {
  team?: string;
  playerId?: string;
  displayName?: string;
}

/** A team or a player, as in Winner. */
export interface Placement {
  place: number;
  team?: string;
  playerId?: string;
  displayName?: string;
}

/** Faults of the server's of one cause: so often, for so many ms in all, the last one before `tick`. */
export interface Disturbed {
  cause: DisturbedCause;
  times: number;
  ms: number;
  tick: number;
}

export interface MatchResults {
  matchId: string;
  lobbyId: string;
  /** A team of the mode, "draw", or "none" where there are no teams. */
  winningTeam: string;
  /** null: nobody. */
  winner: Winner | null;
  /** Best first; the same place is a tie. Players where there are no teams. */
  placements: Placement[];
  /** Of each team. */
  finalScores: Record<Team, number>;
  playerStats: PlayerMatchStats[];
  /** Seconds. */
  duration: number;
  reason: EndReason;
  /** Faults of the server's that it was played through: then it is to be counted against nobody. */
  disturbed: Disturbed[];
  /** What took part beside the server: mods, rules. */
  versions: { name: string; version: string }[];
}

export interface ScoreboardRow {
  seat: number;
  playerId: string;
  displayName: string;
  team: Team;
  kills: number;
  deaths: number;
  assists: number;
  score: number;
  alive: boolean;
  connected: boolean;
  isBot: boolean;
  pingMs: number;
  stats?: Record<string, number>;
}

export interface Scoreboard {
  matchId: string;
  tick: number;
  elapsedMs: number;
  /** By team. */
  teamScores: Record<Team, number>;
  rows: ScoreboardRow[];
}

export interface SettingsSchemaEntry {
  key: string;
  type: "bool" | "int" | "number" | "string" | "enum" | "list" | "duration";
  default: SettingValue;
  min?: number;
  max?: number;
  unit?: string;
  values?: string[];
  label?: string;
  help?: string;
  group?: string;
  when?: "setup" | "always";
  /** Taken, never shown. */
  secret?: boolean;
}

export interface GameModeInfo {
  name: string;
  title: string;
  maps: string[];
  /** None where everybody plays for themselves. */
  teams: string[];
  maxPlayers: number;
  tickRate: number;
  settingsSchema: SettingsSchemaEntry[];
}

export interface ServerInfo {
  name: string;
  version: string;
  nodeId: string;
  region: string;
  regions: string[];
  gameModes: GameModeInfo[];
  protocol: "muster.v1";
}

export interface LobbyFilter {
  gameMode?: string;
  region?: string;
  state?: LobbyState;
  hasOpenSlots?: boolean;
  mapName?: string;
  /** 1 to 100, default 50. */
  limit?: number;
  cursor?: string;
}

export interface LobbyPage {
  lobbies: LobbyInfo[];
  nextCursor: string | null;
}

export interface CreateOptions {
  gameMode: string;
  settings?: Record<string, SettingValue>;
  region?: string;
}

export interface JoinOptions {
  team?: Team;
  spectator?: boolean;
  secret?: string;
}

export interface FindOptions {
  gameMode: string;
  region?: string;
  mapName?: string;
  /** Aborting cancels the search. */
  signal?: AbortSignal;
}

/** One decoded snapshot frame. */
export interface Snapshot {
  full: boolean;
  /** False when it is a delta that does not follow the state at hand: skip the payload, keep the
   * events; a full snapshot has been asked for. */
  usable: boolean;
  /** Your seat, 255 for a spectator. */
  seat: number;
  tick: number;
  /** Sequence of your last input that the server took. */
  ack: number;
  /** Real length of the last tick in microseconds; match time is tick * 1000 / tickRate ms. */
  tickUs: number;
  payload: Uint8Array;
  events: Uint8Array[];
}

export interface InputSample {
  /** When within the tick, 0 to 255. */
  at: number;
  pressed: number;
  aim: number;
}

export interface Input {
  sequence: number;
  /** Buttons down. */
  held: number;
  /** Buttons that went down since the last input. */
  pressed: number;
  /** 0 to 65535, 0 = +x, growing towards +y. */
  aim: number;
  /** -127 to 127. */
  moveX: number;
  moveY: number;
  /** At most 3. */
  samples?: InputSample[];
}

export type ConnectionState = "idle" | "connecting" | "online" | "reconnecting" | "closed";

export interface ChatLine {
  /** "" for the server. */
  playerId: string;
  displayName: string;
  seat: number;
  team: Team;
  text: string;
  channel: "all" | "team";
  at: number;
}

/** A vote and how it stands. */
export interface Vote {
  /** "restart" (another match), "map", "kick", or a plugin's. */
  vote: string;
  voteId: number;
  /** Whom or what it concerns: of "kick", a playerId. */
  subject: string;
  options: string[];
  counts: number[];
}

export interface VoteTally extends Vote {
  /** Of votes with two options: the first, the second. */
  yes?: number;
  no?: number;
  /** Votes with which an option wins; 0: the most when time is up. */
  needed: number;
  endsInMs: number;
}

export interface Invitation {
  /** null: whoever has the text. */
  playerId: string | null;
  /** null: for that player, who needs no text. */
  invitation: string | null;
  /** Unix milliseconds, by the server's clock. */
  expiresAt: number;
  /** From now; for whose clock is not the server's. */
  expiresInMs: number;
}

/** Who may come in; shown to the host. */
export interface LobbyAccess {
  hasPassword: boolean;
  allowedPlayers: string[];
  invitations: Invitation[];
  /** until: Unix milliseconds by the server's clock; null: as long as the lobby lives. */
  bans: { playerId: string; reason: string; until: number | null; endsInMs: number | null }[];
  joinCode: string;
}

export interface Preset {
  name: string;
  settings: Record<string, SettingValue>;
  /** false: the operator's. */
  own: boolean;
}

/** A script that lobbies may use. */
export interface ModInfo {
  id: string;
  name: string;
  description: string;
  version: string;
}

export interface RuleInfo extends ModInfo {
  /** Lobby settings that belong to it. */
  settings: string[];
}

export interface ModList {
  modes: ModInfo[];
  rules: RuleInfo[];
  /** A lobby's host may bring a rule script. */
  uploads: boolean;
  /** What the host of the lobby at hand has brought. */
  uploaded: RuleInfo[];
}

export interface UploadedRule {
  rule: RuleInfo;
  /** When it begins to count. */
  active: "now" | "next_match";
}

/** The names that Events lists, without those that it takes by pattern. */
export type KnownName<Events> = keyof {
  [K in keyof Events as `${string}.${string}` extends K ? never : K]: unknown;
};

/** The part before the dot of the names that Events lists. */
export type Namespace<Events> =
  KnownName<Events> extends infer K ? (K extends `${infer Space}.${string}` ? Space : never) : never;

/** A listed name, or one of a namespace that is not the server's own; never for a slip of the pen. */
export type EventName<Events, K> = K extends KnownName<Events>
  ? K
  : K extends `${Namespace<Events>}.${string}`
    ? never
    : K;

/**
 * Events of MusterClient: its own, and every notification under its name on the wire. What plugins
 * send of their own ("party.invited") may be listened for, too.
 */
export interface ClientEvents {
  [notification: `${string}.${string}`]: any;
  state: { state: ConnectionState };
  /** A try to come back begins after delayMs. */
  reconnecting: { attempt: number; delayMs: number };
  /** Given up, or closed by close(): see code, and error when there is one. */
  closed: { code: number; reason: string; error: Error | null };
  /** A seat was taken (enter) or taken back (resume). */
  entered: { entry: Entry; resumed: boolean };
  latency: { rttMs: number };
  /** silent: a match runs, and for a second nothing has been heard; the connection still stands.
   * Told again when something comes, the match ends or the connection is given up. */
  line: { silent: boolean };
  snapshot: Snapshot;
  "session.replaced": { reason: string };
  /** until: Unix milliseconds by the server's clock, endsInMs: from now; null: for good. */
  "session.terminated": {
    reason: string;
    banned?: true;
    until?: number | null;
    endsInMs?: number | null;
  };
  "session.warned": { reason: string; count: number };
  /** Also right after connecting, when a mute stands. */
  "session.muted": { reason: string; until: number | null; endsInMs: number | null };
  "session.unmuted": { reason: string; until: number | null; endsInMs: number | null };
  "match.found": Reservation & { ticketId: string; explanation?: string };
  "match.messageRefused": { reason: "rate_limited" | "too_many" | "unsupported" | "no_match"; retryAfterMs?: number };
  "match.searching": { ticketId: string; waitedMs: number; regions: string[]; reason?: string };
  "lobby.updated": { lobby: LobbyInfo };
  "lobby.members": { members: Member[] };
  "lobby.chat": ChatLine;
  "lobby.countdown": { startsInMs: number };
  "lobby.left": { reason: LeftReason; message?: string };
  "match.started": MatchInfo;
  "match.disturbed": { matchId: string; cause: DisturbedCause; ms: number };
  "match.ended": { matchId: string; results: MatchResults; scoreboardMs: number };
  "lobby.vote": VoteTally;
  "lobby.voteEnded": Vote & { winner: string | null };
  "lobby.invited": {
    lobbyId: string;
    gameMode: string;
    fromId: string;
    fromName: string;
    expiresAt: number;
    expiresInMs: number;
  };
  /** A script of the lobby has failed; told to its host. */
  "mod.error": { mod: string; message: string };
  /** A script has sent it: data means what the mod says it means. */
  "mod.message": { mod: string; data: unknown };
  "server.announcement": { text: string; at: number };
  "server.stopping": { inMs: number; reason: string };
}

export interface AuthEvents {
  /** Signed in, renewed (token), or signed out (null). elsewhere: by another tab, through the
   * storage. That may be somebody else: whoever is online as the one before closes. */
  changed: { token: AuthToken | null; elsewhere: boolean };
}

/** Where AuthClient keeps the tokens; localStorage fits. */
export interface TokenStorage {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

export interface AuthOptions {
  /** "" for the origin of the page, or "https://host". */
  baseUrl?: string;
  fetch?: typeof globalThis.fetch;
  storage?: TokenStorage | null;
  /**
   * Renew this many seconds before the access token ends, at most half of its life; default 60.
   * With a storage up to half as many more, by chance: its tabs do not do it at once.
   */
  renewBeforeS?: number;
  /** For one request; default 10000. */
  timeoutMs?: number;
  random?: () => number;
}

export interface RegisterDetails {
  username: string;
  password: string;
  displayName?: string;
  email?: string;
  region?: string;
  /** Of the console's admin-code: makes the account an administrator. */
  code?: string;
}

/** What this package uses of a WebSocket: the browser's, Node 22's and that of `ws` fit. */
export interface SocketLike {
  binaryType: string;
  readyState: number;
  bufferedAmount: number;
  send(data: string | Uint8Array): void;
  close(code?: number, reason?: string): void;
  onopen: ((event: any) => void) | null;
  onmessage: ((event: any) => void) | null;
  onclose: ((event: any) => void) | null;
  onerror: ((event: any) => void) | null;
}

export type SocketConstructor = new (url: string, protocol: string) => SocketLike;

export interface BackoffOptions {
  /** The first delay is up to half of it, the second up to twice; default 250. */
  baseMs?: number;
  /** Longest delay, default 10000. */
  maxMs?: number;
  /** A connection that held less long does not begin the delays anew; default 5000. */
  minUptimeMs?: number;
}

export interface DirectoryOptions {
  /** Of the directory; default: where the player is signed in. */
  baseUrl?: string;
  fetch?: typeof globalThis.fetch;
  /** For one request; default 15000: one server after another may be asked. */
  timeoutMs?: number;
}

/** What is to be played, and where. */
export interface AllocationOptions {
  gameMode: string;
  /** Preferred; default: the player's. */
  region?: string;
  /** On this server, and no other. */
  serverId?: string;
  /** In this lobby of that server. */
  lobbyId?: string;
}

/** A seat that is held. */
export interface Allocation {
  serverId: string;
  serverName: string;
  region: string;
  /** Of the server, for MusterClient. */
  url: string;
  gameMode: string;
  lobbyId: string;
  /** For connectToSeat. */
  token: string;
  /** Unix milliseconds. */
  expiresAt: number;
}

export interface ClientOptions {
  /** The node to begin with, "ws://host:7350/ws"; none where a directory says which. */
  url?: string;
  /** Needed where globalThis.WebSocket is missing (Node before 22). */
  WebSocket?: SocketConstructor;
  /** Take deflated frames; default true. Never asked for where DecompressionStream is missing. */
  compress?: boolean;
  /** Come back after a dropped connection; default true. */
  reconnect?: boolean;
  backoff?: BackoffOptions;
  /** For one request; default 10000. */
  timeoutMs?: number;
  /** Between latency measurements; default 5000, 0 = never. */
  pingIntervalMs?: number;
  /** How long the server keeps the seat of a dropped player; default 60000. */
  resumeWindowMs?: number;
  /**
   * Renew the token on the open connection this many seconds before the session ends (up to half
   * as many more, by chance; at most three quarters of its life); default 90: the timers of a tab
   * that is hidden may be a minute late. 0: never, the caller uses authenticate(). Only with a function as the token source.
   */
  renewBeforeS?: number;
  random?: () => number;
}

/** The answer to session.authenticate. */
export interface SignIn {
  session: PlayerSession;
  /** A lobby that resume() may lead back to. */
  resumable: { lobbyId: string } | null;
  muted: ClientEvents["session.muted"] | null;
  /** The seat that a signed ticket is for. */
  reservation: Reservation | null;
  /** The seat that was come back to with it. */
  entry: Entry | null;
}

/** A token, or a function that gives one; renew asks for a newer one than the last. */
export type TokenSource = string | ((renew: boolean) => Promise<string> | string);

export interface CallOptions<T = any> {
  timeoutMs?: number;
  /** Called with the result as it arrives, before any later message is looked at. */
  accept?: (result: T) => void;
}

export interface RpcRequest {
  method: string;
  params?: object;
}

export type RpcOutcome = { result: any; error: null } | { result: null; error: Error };

export interface RpcOptions {
  send: (text: string) => void;
  onNotification: (method: string, params: any) => void;
  /** A message that is not JSON-RPC. */
  onProtocolError?: (error: Error) => void;
  timeoutMs?: number;
}

export interface ConnectionHandlers {
  /** At each message, as it arrives: the line is alive. */
  onHeard?: () => void;
  onNotification: (method: string, params: any) => void;
  onSnapshot: (snapshot: Snapshot) => void;
  /** Once, after open() has resolved. */
  onClose: (code: number, reason: string) => void;
}

export interface LinkHandlers {
  onHeard: () => void;
  onNotification: (method: string, params: any) => void;
  onSnapshot: (snapshot: Snapshot) => void;
  /** Authenticated, for the first time or again. */
  onSession: (connection: Connection, session: PlayerSession, token: string) => void;
  /** Right after that: back in the seat. */
  onBack: (entry: Entry) => void;
  /** The connection that counted has ended. */
  onLost: (code: number, reason: string) => void;
}

export interface RenewalOptions {
  /** Renew so long before the end; 0 = never. */
  beforeMs: number;
  random: () => number;
  getToken: (renew: boolean) => Promise<string>;
  authenticate: (token: string, connection: Connection) => Promise<unknown>;
}

export interface ConnectionOptions {
  WebSocket?: SocketConstructor;
  timeoutMs?: number;
}

export interface ClosePolicy {
  retry: boolean;
  /** Wait at least this long. */
  delayMs: number;
  /** Wait exactly this long the first time: the server spreads its clients. Null: it does not say. */
  exactMs: number | null;
  /** Come back with a newer token only. */
  renewToken: boolean;
}

/* ---- mode_arena ---- */

export interface ArenaIntro {
  map: { name: string; width: number; height: number; rows: string[] };
  tileUnits: number;
  playerRadius: number;
  speed: number;
  rifle: { range: number; cooldownTicks: number };
  launcher: { speed: number; cooldownTicks: number; radius: number };
  killLimit: number;
  timeLimit: number;
  /** No teams: everybody against everybody. */
  freeForAll: boolean;
  friendlyFire: boolean;
  respawnTicks: number;
}

export interface Avatar {
  seat: number;
  /** 0 none, 1 red, 2 blue. */
  team: number;
  alive: boolean;
  protected: boolean;
  bot: boolean;
  connected: boolean;
  x: number;
  y: number;
  /** From where it was a tick before; 0 where it came by a leap. */
  stepX: number;
  stepY: number;
  /** 0 to 255, 256 = a full turn. */
  aim: number;
  health: number;
  /** 1 rifle, 2 launcher, together. */
  weapons: number;
  /** To be shown beside the name; 0: none. */
  level: number;
  /** Units per tick; null: the intro's. */
  speed: number | null;
}

/** A place that rules care about. */
export interface ArenaZone {
  id: number;
  /** Whose it is: 0 nobody's, 1 red, 2 blue. */
  team: number;
  /** 0 to 100: what it means is up to the rules. */
  progress: number;
  x: number;
  y: number;
  radius: number;
  label: string;
}

/** A thing to be carried. */
export interface ArenaItem {
  id: number;
  /** "flag", "crown", ... */
  kind: string;
  /** 0 none, 1 red, 2 blue. */
  team: number;
  /** Who may take it: 0 anyone, 1 the enemies of team, 2 team. */
  who: number;
  homeX: number;
  homeY: number;
  /** Where it lies; while it is carried: where it lay. */
  x: number;
  y: number;
  /** Seat; 255: nobody has it. */
  carrier: number;
  atHome: boolean;
}

/** A field of a mode in Lua, as `sync` of the match's intro lists it. */
export interface SyncField {
  name: string;
  type: "bool" | "u8" | "i16" | "u16" | "i32" | "u32" | "f32" | "string";
  /** Each player has a value of their own. */
  per?: "player";
  visible: "all" | "team" | "owner";
}

export type SyncValue = boolean | number | string;

export interface Projectile {
  id: number;
  /** Seat; 255 none. */
  owner: number;
  x: number;
  y: number;
  /** Units per tick / 4. */
  vx: number;
  vy: number;
}

export interface Shot {
  seat: number;
  endX: number;
  endY: number;
  /** 255 none. */
  hit: number;
}

export interface Burst {
  id: number;
  x: number;
  y: number;
}

export type ArenaEvent =
  /** weapon 0: rules killed. */
  | { type: "kill"; killer: number; victim: number; weapon: number; assist: number }
  | { type: "spawn"; seat: number }
  | { type: "hit"; attacker: number; victim: number; damage: number };

/** What happened in one snapshot, for effects. */
export interface ArenaChanges {
  shots: Shot[];
  bursts: Burst[];
  events: ArenaEvent[];
}
