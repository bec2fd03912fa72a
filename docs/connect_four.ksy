# Payload and events of mode_connect_four, and the message that its clients send: protocol.md section 13,
# whose lists are made of this (./dev docs).
meta:
  id: connect_four_payload
  title: Payload of mode_connect_four
  license: MIT
  ks-version: 0.9
  endian: le
seq:
  - {id: state, type: state, if: not _io.eof}
types:
  state:
    seq:
      - {id: round, type: u1, doc: 'from 1; 0: not begun'}
      - {id: round_count, type: u1}
      - {id: player_count, type: u1}
      - {id: players, type: player, repeat: expr, repeat-expr: player_count}
      - {id: board_count, type: u1}
      - {id: boards, type: board, repeat: expr, repeat-expr: board_count}
  player:
    seq:
      - {id: seat, type: u1}
      - {id: points, type: u1}
      - {id: is_gone, type: u1, doc: '1: the seat is somebody else''s by now, or nobody''s'}
  board:
    doc: 'of this round. Moves are taken in turn, the first player begins'
    seq:
      - {id: first, type: u1, doc: which of the players}
      - {id: second, type: u1, doc: which of the players}
      - {id: result, type: u1, doc: '0 open, 1 the first has won, 2 the second, 3 a draw'}
      - {id: deadline_tick, type: u4, doc: 'who is on the move has lost then; 0: it is over'}
      - {id: move_count, type: u1, doc: 0 to 42}
      - {id: columns, type: u1, repeat: expr, repeat-expr: move_count, doc: '0 to 6, left to right'}
  event:
    doc: 'one of `events` of a snapshot'
    seq:
      - {id: kind, type: u1, enum: event_kind}
      - id: body
        type:
          switch-on: kind
          cases:
            'event_kind::move': move
            'event_kind::result': result
  move:
    doc: event 1
    seq:
      - {id: board, type: u1, doc: which of the boards}
      - {id: side, type: u1, doc: '0 the first player, 1 the second'}
      - {id: column, type: u1}
  result:
    doc: event 2
    seq:
      - {id: board, type: u1, doc: which of the boards}
      - {id: result, type: u1, doc: as in board}
      - {id: by, type: u1, doc: '1 four in a line, 2 the board is full, 3 the clock, 4 somebody left'}
  message:
    doc: 'what a player sends (`0x02`, section 4): a disc into a column of the own board of that round'
    seq:
      - {id: round, type: u1}
      - {id: column, type: u1, doc: 0 to 6}
enums:
  event_kind:
    1: move
    2: result
