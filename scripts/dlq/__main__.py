"""`npm run dlq`: list, show, redrive, export, import and purge dead letters."""

from scripts.cli.command_line import EXIT_CODES, main, make_app
from scripts.dlq.export_command import export_dead_letters
from scripts.dlq.import_command import import_messages
from scripts.dlq.list_command import list_dead_letters
from scripts.dlq.purge_command import purge_dead_letters
from scripts.dlq.redrive_command import redrive_dead_letters
from scripts.dlq.show_command import show_dead_letters

COMMANDS = (
    (list_dead_letters, "list", "--each --code access-denied --stage prod"),
    (show_dead_letters, "show", "--key '2026/07/*.jpg' --stage prod"),
    (redrive_dead_letters, "redrive", "--code access-denied --canary 3 --verify --stage prod"),
    (export_dead_letters, "export", "--code corrupt-image --stage prod"),
    (import_messages, "import", "friday-edited.jsonl --rate 10/s --stage prod --execute"),
    (purge_dead_letters, "purge", "friday.jsonl --stage prod --execute"),
)

app = make_app("List, show, redrive, export, import and purge the dead letters of the dead-letter queue (DLQ).")
for command, name, example in COMMANDS:
    app.command(name, epilog=f"Example: npm run dlq -- {name} {example}\n\n{EXIT_CODES}")(command)

if __name__ == "__main__":
    main(app, "npm run dlq --")
