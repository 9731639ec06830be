"""Make or revoke a long-lived token of Home Assistant, as its profile page does.

    python tokens.py URL TOKEN create|revoke NAME

Run by the Python of Home Assistant's own environment: it has aiohttp for the websocket.
"""

import asyncio
import sys

import aiohttp


async def main(url: str, token: str, action: str, name: str) -> None:
    async with aiohttp.ClientSession() as session, session.ws_connect(f"{url}/api/websocket") as socket:
        await socket.receive_json()
        await socket.send_json({"type": "auth", "access_token": token})
        await socket.receive_json()

        async def ask(number: int, kind: str, **data):
            await socket.send_json({"id": number, "type": kind, **data})
            answer = await socket.receive_json()
            assert answer["success"], answer
            return answer["result"]

        if action == "create":
            print(await ask(1, "auth/long_lived_access_token", client_name=name, lifespan=1))
        else:
            found = [one["id"] for one in await ask(1, "auth/refresh_tokens") if one["client_name"] == name]
            assert len(found) == 1, found
            await ask(2, "auth/delete_refresh_token", refresh_token_id=found[0])


asyncio.run(main(*sys.argv[1:]))
