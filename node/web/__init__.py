"""The web pages people read and write with: server-rendered HTML that works whole without JavaScript.

Here: one blueprint a noun (`posts.py`, `accounts.py`, ...), the form parsers (`forms.py`), the Jinja
environment (`rendering.py`, `words.py`, `markup.py`) and the files the browser asks for (`static/`). Not
here: any rule about who may do or see what (services and queries decide), any SELECT, any JSON for apps.
The pages are drawn from the same Mastodon-shaped dicts the API answers with: the two doors cannot disagree.
"""
