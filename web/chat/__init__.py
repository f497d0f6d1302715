"""The chat room of an order in the browser: a part for the page of an order, and a page of its own.

A view asks for `room = find_chat(engine, current_actor(), order_id)` (`web.chat.room`), None where the order has no
room that is the reader's business. Its template shows it with

    {% block head %}{% from 'chat/_room.html' import chat_head with context %}{{ chat_head() }}{% endblock %}
    {% from 'chat/_room.html' import chat_room with context %}{% if room %}{{ chat_room(room) }}{% endif %}

`chat_room` is a `<section class="chat" id="chat">` that fills the height it is given; `room.unread` is the number for a
link to it, and whatever has `data-chat-unread` on that page shows it while the page is open, hidden at none. Forms post
to `chat.say` and come back to the page they were sent from. The page of its own is `url_for('chat.room', order_id=…)`.
"""
