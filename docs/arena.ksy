# Payload and events of mode_arena: protocol.md section 6, whose lists are made of this (./dev docs). It is
# what `payload` and `events` of a snapshot (frames.ksy) hold while a mode with the base arena plays.
meta:
  id: arena_payload
  title: Payload of mode_arena
  license: MIT
  ks-version: 0.9
  endian: le
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
      - {id: objectives, type: objectives}
  delta:
    seq:
      - {id: change_count, type: u1}
      - {id: changes, type: change, repeat: expr, repeat-expr: change_count}
      - {id: shot_count, type: u1}
      - {id: shots, type: shot, repeat: expr, repeat-expr: shot_count}
      - {id: added_count, type: u1}
      - {id: added, type: projectile, repeat: expr, repeat-expr: added_count}
      - {id: removed_count, type: u1}
      - {id: removed, type: removed, repeat: expr, repeat-expr: removed_count}
      - {id: score_changed, type: u1}
      - {id: scores, type: scores, if: score_changed != 0}
      - {id: objectives, type: objectives}
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
    doc: 'mask 64: the avatar is gone (nothing follows). An avatar seen for the first time comes with mask 2+4+8+16+32'
    seq:
      - {id: seat, type: u1}
      - {id: mask, type: u1}
      - {id: dx, type: s1, if: (mask & 1) != 0}
      - {id: dy, type: s1, if: (mask & 1) != 0}
      - {id: x, type: u2, if: (mask & 2) != 0}
      - {id: y, type: u2, if: (mask & 2) != 0}
      - {id: aim, type: u1, if: (mask & 4) != 0}
      - {id: health, type: u1, if: (mask & 8) != 0}
      - {id: flags, type: u1, if: (mask & 16) != 0}
      - {id: team, type: u1, if: (mask & 32) != 0}
  shot:
    doc: a rifle trace of this tick
    seq:
      - {id: seat, type: u1}
      - {id: end_x, type: u2}
      - {id: end_y, type: u2}
      - {id: hit, type: u1, doc: 'seat, 255 none'}
  removed:
    doc: a projectile, and where it burst
    seq:
      - {id: id, type: u1}
      - {id: x, type: u2}
      - {id: y, type: u2}
  objectives:
    doc: 'what rules placed and gave. `has` is 0 where there is nothing to tell. A delta tells what changed; a full snapshot tells all there is, each entry with all of its mask, and what it does not tell is not there'
    seq:
      - {id: has, type: u1}
      - {id: zone_count, type: u1, if: has != 0}
      - {id: zones, type: zone, repeat: expr, repeat-expr: zone_count, if: has != 0}
      - {id: item_count, type: u1, if: has != 0}
      - {id: items, type: item, repeat: expr, repeat-expr: item_count, if: has != 0}
      - {id: loadout_count, type: u1, if: has != 0}
      - {id: loadouts, type: loadout, repeat: expr, repeat-expr: loadout_count, if: has != 0}
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
