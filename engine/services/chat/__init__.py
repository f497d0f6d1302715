"""The chat room of an order: text, pictures, voice messages, and the phone through a number that hides both.

A room belongs to the case of an order (`order` is its instance id) and has sides, each a party. A process opens it with
the topic `chat.open`, says what happened with `chat.say`, ends it with `chat.close`; `phones.bind` and `phones.release`
are the phone. Parts of a service written in Python use `rooms.open_room`, `lines.say` and `rooms.close_room` with the
call of their own topic. Pages include `web.chat`.

| topic | inputs (`?` optional) | what it does |
|---|---|---|
| `chat.open` | `parties` {side: party id}, `order`?, `until`? | opens the room, or replaces the parties of its sides |
| `chat.leave` | `side`, `order`? | who is at a side leaves, before somebody takes his place |
| `chat.say` | `line` (one of `lines.LINES`), `facts`?, `order`? | a line of the system, read by everybody |
| `chat.close` | `order`? | read-only from now on; its content is deleted after `chat_retention` |
| `phones.bind` | `numbers`? {side: reference}, `order`? | asks for a number between the first two sides |
| `phones.release` | `after`? (duration, else `chat_phone_after_end`), `order`? | the number ends after that time |

`order` is the case itself where it is not given. None of the topics waits for anybody outside or fails with him: a
phone that cannot be had is said in the room, and people write or speak.

For pages and other services: `queries.has_room`, `queries.fetch_room` (deny by default), `queries.count_unread`,
`queries.collect_room` (what a service case rests on).
"""
