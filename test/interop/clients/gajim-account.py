#!/usr/bin/python3
"""Writes Gajim's settings for one account: folder, JID, password, host, port."""
import json
import sqlite3
import sys

folder, jid, password, host, port = sys.argv[1:6]
sys.argv = ["gajim"]
sys.path.insert(0, "/usr/lib/python3/dist-packages")
from gajim.common.settings import CREATE_SQL  # noqa: E402

APP = {
    "use_keyring": False, "check_for_update": False, "plugins_update_check": False, "plugins_auto_update": False,
    "is_window_visible": True, "show_main_window_on_startup": "always", "trayicon": "never", "remote_control": True,
    "ask_online_status": False, "ask_offline_status": False, "action_on_close": "quit", "confirm_on_window_delete": False,
}
ACCOUNT = {
    "account_label": "me", "active": True, "autoconnect": True, "address": jid, "name": jid.split("@")[0],
    "hostname": jid.split("@")[1], "resource": "gajim", "password": password, "savepass": True, "use_custom_host": True,
    "custom_host": host, "custom_port": int(port), "custom_type": "START TLS", "roster_version": "",
}
database = sqlite3.connect(folder + "/settings.sqlite")
database.executescript(CREATE_SQL)
database.execute("UPDATE settings SET settings=? WHERE name='app'", (json.dumps(APP),))
settings = json.dumps({"account": ACCOUNT, "contact": {}, "group_chat": {}})
database.execute("INSERT INTO account_settings(account, settings) VALUES('me', ?)", (settings,))
database.commit()
