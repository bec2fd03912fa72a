# Binary frames of muster.v1: protocol.md section 4, whose tables are made of this (./dev docs). A Kaitai
# Struct description (kaitai.io): its compiler makes readers of it for a dozen languages. All integers are
# little-endian.
meta:
  id: muster_frame
  title: A binary frame of muster.v1
  license: MIT
  ks-version: 0.9
  endian: le
seq:
  - {id: kind, type: u1, enum: kind}
  - id: body
    type:
      switch-on: kind
      cases:
        'kind::input': input
        'kind::message': message
        'kind::json_in': json_in
        'kind::snapshot': snapshot
        'kind::json_out': json_out
enums:
  kind:
    0x01: {id: input, doc: of the client}
    0x02: {id: message, doc: of the client}
    0x03: {id: json_in, doc: of the client}
    0x81: {id: snapshot, doc: of the server}
    0x82: {id: json_out, doc: of the server}
types:
  input:
    seq:
      - {id: sample_count, type: u1, valid: {max: 3}, doc: 0 to 3}
      - {id: sequence, type: u4, doc: grows by one with each input; what is not newer is ignored}
      - {id: held, type: u2, doc: buttons that are down}
      - {id: pressed, type: u2, doc: edges since the last input}
      - {id: aim, type: u2, doc: '65536 = a full turn, 0 = +x, growing towards +y (down)'}
      - {id: move_x, type: s1, valid: {min: -127}, doc: '-127 to 127 (-128 is malformed)'}
      - {id: move_y, type: s1, valid: {min: -127}}
      - {id: samples, type: sample, repeat: expr, repeat-expr: sample_count}
  sample:
    seq:
      - {id: at, type: u1, doc: 'when, in 1/256 of a tick'}
      - {id: pressed, type: u2}
      - {id: aim, type: u2}
  message:
    seq:
      - {id: bytes, size-eos: true, doc: '1 to 1024 bytes, as the mode has them'}
  json_in:
    seq:
      - {id: flags, type: u1, valid: {any-of: [0, 1]}, doc: '1 the text is raw deflate, 0 plain'}
      - {id: text, size-eos: true, doc: a JSON-RPC text}
  snapshot:
    seq:
      - {id: flags, type: u1, doc: '1 full, 2 the rest (from offset 16) is raw deflate (full ones from 512 bytes, after `compress: true`)'}
      - {id: seat, type: u1, doc: 'yours, 255 spectator'}
      - {id: reserved, type: u1}
      - {id: tick, type: u4, doc: how many have run; the first snapshot of a match has 1}
      - {id: ack, type: u4, doc: sequence of your last input that was taken; 0 for a spectator}
      - {id: tick_10us, type: u2, doc: real length of the tick in 10 us (5000 = 50 ms); above nominal when the node is overloaded}
      - {id: payload_bytes, type: u2, doc: after inflation}
      - {id: rest, type: snapshot_rest, if: (flags & 2) == 0, doc: where it is not deflated}
      - {id: deflated, size-eos: true, if: (flags & 2) != 0, doc: the same as raw deflate}
    instances:
      is_full: {value: (flags & 1) != 0}
      is_deflated: {value: (flags & 2) != 0}
  snapshot_rest:
    seq:
      - {id: payload, size: _parent.as<snapshot>.payload_bytes, doc: 'the mode''s payload: full state, or delta against the tick before'}
      - {id: events, type: event, repeat: eos, doc: meaning by mode}
  event:
    seq:
      - {id: length, type: u1}
      - {id: bytes, size: length}
  json_out:
    seq:
      - {id: flags, type: u1, valid: 2, doc: 2 raw deflate}
      - {id: text, size-eos: true, doc: a JSON-RPC text}
