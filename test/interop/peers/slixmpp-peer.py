#!/usr/bin/python3
"""An XMPP client that does what it is told: one JSON object a line on stdin, replies and events as lines on stdout.

Commands: connect, send, subscribe, approve, roster, archive, disconnect; each with an `id` that its reply repeats.
"""
import asyncio
import json
import logging
import sys

import slixmpp

logging.basicConfig(level=logging.DEBUG if "--debug" in sys.argv else logging.WARNING, stream=sys.stderr)


def tell(**fields):
    print(json.dumps(fields), flush=True)


class Client(slixmpp.ClientXMPP):
    def __init__(self, jid, password, certificate):
        super().__init__(jid, password)
        self.ca_certs = certificate
        self.auto_authorize = None
        self.auto_subscribe = False
        for plugin in ("xep_0030", "xep_0199", "xep_0198", "xep_0280", "xep_0297", "xep_0308", "xep_0313", "xep_0059", "xep_0203"):
            self.register_plugin(plugin)
        self.add_event_handler("message", lambda message: self.tell_message(message, None))
        self.add_event_handler("carbon_received", lambda copy: self.tell_message(copy["carbon_received"], "received"))
        self.add_event_handler("carbon_sent", lambda copy: self.tell_message(copy["carbon_sent"], "sent"))
        self.add_event_handler("presence", self.tell_presence)
        self.add_event_handler("failed_auth", lambda _: tell(event="failed", reason="not authorized"))

    def tell_message(self, message, carbon):
        error = message["error"]["condition"] if message["type"] == "error" else None
        tell(event="message", **{"from": str(message["from"]), "to": str(message["to"]), "type": message["type"]},
             body=message["body"], stanzaId=message["id"], replaces=message["replace"]["id"] or None, carbon=carbon,
             delayed=message.get_plugin("delay", check=True) is not None, condition=error)

    def tell_presence(self, presence):
        tell(event="presence", **{"from": str(presence["from"])}, type=presence["type"])


class Peer:
    def __init__(self):
        self.client = None

    async def connect(self, jid, password, host, port, certificate, resource):
        self.client = Client(jid + "/" + resource, password, certificate)
        started = asyncio.get_running_loop().create_future()
        self.client.add_event_handler("session_start", lambda _: started.done() or started.set_result(True))
        self.client.add_event_handler("failed_all_auth", lambda _: started.done() or started.set_result(False))
        self.client.connect((host, port), force_starttls=True)
        if not await asyncio.wait_for(started, 15):
            raise RuntimeError("not authorized")
        await self.client.get_roster()
        await self.client["xep_0280"].enable()
        self.client.send_presence()
        return str(self.client.boundjid)

    async def send(self, to, body, replaces=None):
        message = self.client.make_message(mto=to, mbody=body, mtype="chat")
        message["id"] = self.client.new_id()
        if replaces:
            message["replace"]["id"] = replaces
        message.send()
        return message["id"]

    async def subscribe(self, to):
        self.client.send_presence_subscription(pto=to, ptype="subscribe")

    async def add(self, to):
        await self.client.update_roster(to)
        await self.subscribe(to)

    async def approve(self, to):
        self.client.send_presence_subscription(pto=to, ptype="subscribed")

    async def roster(self):
        await self.client.get_roster()
        roster = self.client.client_roster
        return {jid: roster[jid]["subscription"] for jid in roster.keys()}

    async def archive(self, peer):
        found = []
        async for result in self.client["xep_0313"].retrieve(with_jid=slixmpp.JID(peer), iterator=True, rsm={"max": 50}):
            for message in result["mam"]["results"]:
                stanza = message["mam_result"]["forwarded"]["stanza"]
                found.append({"archiveId": message["mam_result"]["id"], "from": str(stanza["from"]), "body": stanza["body"], "stanzaId": stanza["id"]})
        return found

    async def disconnect(self):
        client, self.client = self.client, None
        await client.disconnect(wait=2)


async def main():
    peer = Peer()
    lines = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    while line := await lines.readline():
        command = json.loads(line)
        number, do = command.pop("id"), command.pop("do")
        try:
            tell(reply=number, value=await getattr(peer, do)(**command))
        except Exception as error:
            tell(reply=number, error=f"{type(error).__name__}: {error}")


asyncio.run(main())
