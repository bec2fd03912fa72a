# Payload and events of mode_arena: protocol.md section 6, whose lists are made of this (./dev docs). It is
# what `payload` and `events` of a snapshot (frames.ksy) hold while a mode with the base arena plays.
meta:
  id: arena_payload
  title: Payload of mode_arena
  license: MIT
  ks-version: 0.9
  endian: le
  bit-endian: le
params:
  - {id: is_full, type: bool, doc: 'flag 1 of the snapshot'}
seq:
  - id: state
    type:
      switch-on: is_full
      cases:
        true: full
        false: delta
types:
  full:
    seq:
      - {id: avatar_count, type: u1}
      - {id: avatars, type: avatar, repeat: expr, repeat-expr: avatar_count}
      - {id: projectile_count, type: u1}
      - {id: projectiles, type: projectile, repeat: expr, repeat-expr: projectile_count}
      - {id: scores, type: scores}
      - {id: has_objectives, type: u1}
      - {id: objectives, type: objectives, if: has_objectives != 0}
  delta:
    doc: 'each avatar goes by its step of the tick before, and is the same in all else, but for its change'
    seq:
      - {id: seat_count, type: u1}
      - {id: changes, type: change, repeat: expr, repeat-expr: seat_count}
      - {id: shots, type: shot, repeat: until, repeat-until: not _.is_there}
      - {id: added, type: added, repeat: until, repeat-until: not _.is_there}
      - {id: removed, type: removed, repeat: until, repeat-until: not _.is_there}
      - {id: is_scored, type: b1}
      - {id: has_objectives, type: b1}
      - {id: scores, type: scores, if: is_scored}
      - {id: objectives, type: objectives, if: has_objectives}
  avatar:
    doc: 'flags: 1 alive, 2 spawn-protected, 4 bot, 8 connected'
    seq:
      - {id: seat, type: u1}
      - {id: team, type: u1, doc: '1 red, 2 blue'}
      - {id: flags, type: u1}
      - {id: x, type: u2}
      - {id: y, type: u2}
      - {id: aim, type: u1, doc: aim>>8}
      - {id: health, type: u1, doc: 0 to 100}
      - {id: step_x, type: s2, doc: how far a tick takes it}
      - {id: step_y, type: s2}
  projectile:
    doc: 'those known move by `vx*4`, `vy*4` a tick on the client; those of an avatar that is gone belong to nobody (255)'
    seq:
      - {id: id, type: u1}
      - {id: owner, type: u1, doc: 'seat, 255 none'}
      - {id: x, type: u2}
      - {id: y, type: u2}
      - {id: vx, type: s1, doc: units per tick / 4}
      - {id: vy, type: s1}
  scores:
    seq:
      - {id: red, type: u2}
      - {id: blue, type: u2}
  change:
    doc: 'of the avatar in seat 0, 1, 2 and so on. near, far: added to its step, by which it then goes; x, y: it is there, and its step is 0. One that is seen for the first time comes whole, with its state'
    seq:
      - {id: is_changed, type: b1}
      - {id: place, type: b2, if: is_changed, doc: '0 by its step, 1 near, 2 far, 3 whole'}
      - {id: turn, type: b2, if: is_changed, doc: '0 none, 1 small, 2 whole'}
      - {id: has_state, type: b1, if: is_changed}
      - {id: near_x, type: b4, if: is_changed and place == 1, doc: 'two''s complement, as far, turned, vx and vy'}
      - {id: near_y, type: b4, if: is_changed and place == 1}
      - {id: far_x, type: b8, if: is_changed and place == 2}
      - {id: far_y, type: b8, if: is_changed and place == 2}
      - {id: x, type: b14, if: is_changed and place == 3}
      - {id: y, type: b14, if: is_changed and place == 3}
      - {id: turned, type: b4, if: is_changed and turn == 1, doc: added to its aim}
      - {id: aim, type: b8, if: is_changed and turn == 2, doc: aim>>8}
      - {id: is_here, type: b1, if: is_changed and has_state, doc: '0: the avatar is gone'}
      - {id: team, type: b2, if: is_changed and has_state and is_here}
      - {id: flags, type: b4, if: is_changed and has_state and is_here}
      - {id: health, type: b7, if: is_changed and has_state and is_here}
  shot:
    doc: a rifle trace of this tick
    seq:
      - {id: is_there, type: b1, doc: '0: the list is over'}
      - {id: seat, type: b5, if: is_there}
      - {id: end_x, type: b14, if: is_there}
      - {id: end_y, type: b14, if: is_there}
      - {id: hit, type: b8, if: is_there, doc: 'seat, 255 none'}
  added:
    doc: a projectile, as in a full snapshot
    seq:
      - {id: is_there, type: b1, doc: '0: the list is over'}
      - {id: id, type: b8, if: is_there}
      - {id: owner, type: b8, if: is_there}
      - {id: x, type: b14, if: is_there}
      - {id: y, type: b14, if: is_there}
      - {id: vx, type: b8, if: is_there}
      - {id: vy, type: b8, if: is_there}
  removed:
    doc: a projectile, and where it burst
    seq:
      - {id: is_there, type: b1, doc: '0: the list is over'}
      - {id: id, type: b8, if: is_there}
      - {id: x, type: b14, if: is_there}
      - {id: y, type: b14, if: is_there}
  objectives:
    doc: 'what rules placed and gave. A delta tells what changed; a full snapshot tells all there is, each entry with all of its mask, and what it does not tell is not there'
    seq:
      - {id: zone_count, type: u1}
      - {id: zones, type: zone, repeat: expr, repeat-expr: zone_count}
      - {id: item_count, type: u1}
      - {id: items, type: item, repeat: expr, repeat-expr: item_count}
      - {id: loadout_count, type: u1}
      - {id: loadouts, type: loadout, repeat: expr, repeat-expr: loadout_count}
  zone:
    doc: 'mask 64: the zone is gone (nothing follows)'
    seq:
      - {id: id, type: u1, doc: 1 to 8}
      - {id: mask, type: u1}
      - {id: team, type: u1, if: (mask & 1) != 0, doc: 0 nobody's}
      - {id: progress, type: u1, if: (mask & 2) != 0, doc: 0 to 100}
      - {id: x, type: u2, if: (mask & 4) != 0}
      - {id: y, type: u2, if: (mask & 4) != 0}
      - {id: radius, type: u2, if: (mask & 4) != 0}
      - {id: label, type: word, if: (mask & 8) != 0, doc: 0 to 15 bytes}
  item:
    doc: 'mask 64: the item is gone (nothing follows). x, y: where it lies; while it is carried: where it lay'
    seq:
      - {id: id, type: u1, doc: 1 to 8}
      - {id: mask, type: u1}
      - {id: carrier, type: u1, if: (mask & 1) != 0, doc: 'seat, 255 none'}
      - {id: flags, type: u1, if: (mask & 1) != 0, doc: 1 at home}
      - {id: x, type: u2, if: (mask & 2) != 0}
      - {id: y, type: u2, if: (mask & 2) != 0}
      - {id: team, type: u1, if: (mask & 4) != 0}
      - {id: who, type: u1, if: (mask & 4) != 0, doc: 'who may take it: 0 anyone, 1 the enemies of team, 2 team'}
      - {id: home_x, type: u2, if: (mask & 4) != 0}
      - {id: home_y, type: u2, if: (mask & 4) != 0}
      - {id: kind, type: word, if: (mask & 4) != 0, doc: '1 to 15 bytes of a-z and _: "flag"'}
  loadout:
    doc: an avatar has weapons 3, level 0 and speed 255 until it is told otherwise
    seq:
      - {id: seat, type: u1}
      - {id: weapons, type: u1, doc: '1 rifle, 2 launcher, together'}
      - {id: level, type: u1, doc: 'to be shown; 0: none'}
      - {id: speed, type: u1, doc: 'of its movement; 255: the intro''s'}
  word:
    doc: printable ASCII
    seq:
      - {id: length, type: u1}
      - {id: text, type: str, size: length, encoding: ASCII}
  event:
    doc: 'one of `events` of a snapshot. Others may come: a client passes over them'
    seq:
      - {id: kind, type: u1, enum: event_kind}
      - id: body
        type:
          switch-on: kind
          cases:
            'event_kind::kill': kill
            'event_kind::spawn': spawn
            'event_kind::hit': hit
  kill:
    doc: event 1
    seq:
      - {id: killer, type: u1, doc: 'seat, 255 none; the victim''s: by an own weapon'}
      - {id: victim, type: u1, doc: seat}
      - {id: weapon, type: u1, doc: '1 rifle, 2 launcher, 0 none: rules killed'}
      - {id: assist, type: u1, doc: 'seat, 255 none'}
  spawn:
    doc: event 2
    seq:
      - {id: seat, type: u1}
  hit:
    doc: event 3, to show damage
    seq:
      - {id: attacker, type: u1}
      - {id: victim, type: u1}
      - {id: damage, type: u1}
enums:
  event_kind:
    1: kill
    2: spawn
    3: hit
