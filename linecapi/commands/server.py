from linecapi import printing
from linecapi.declared import Call, command
from linecapi.problems import Exit


@command("status", "Tell whether the server answers, and whether the key is good", examples=("",))
def status(call: Call) -> Exit | None:
    """It needs a key; server:status needs one only to know which server is meant."""
    answer = call.td.read("/v3/user/show", "email")
    shown = {"endpoint": call.td.endpoint.rstrip("/"), "user": answer.get("name"), "email": answer["email"]}
    if call.json:
        printing.as_json(shown)
    else:
        printing.fields({name.capitalize(): value for name, value in shown.items()})
    return None


@command("server:status", "Tell whether the server answers", examples=("", "-e https://console.example.com"))
def server_status(call: Call) -> Exit | None:
    answer = call.td.read("/v3/system/server_status", "status")
    if call.json:
        printing.as_json(answer)
    else:
        print(f"{call.td.endpoint.rstrip('/')}: {answer['status']}")
    return None if answer["status"] == "ok" else Exit.ERROR
