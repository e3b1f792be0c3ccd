"""The deliberate breaks: what is changed in which file, and which tests must notice.

`before` must be found exactly once in `file`. Tests are named by the end of their path, wherever below `tests/` it is.
"""

from dataclasses import dataclass

LINT_IMPORTS = ("lint-imports",)


@dataclass(frozen=True)
class Mutation:
    """A deliberate break.

    Attributes:
        name: the promise that is broken.
        file: relative to the repository.
        before: the text that is replaced.
        after: the broken text.
        tests: files of tests of which at least one test must fail; or `LINT_IMPORTS`.
    """

    name: str
    file: str
    before: str
    after: str
    tests: tuple[str, ...]


HANDLERS = (
    Mutation(
        "A damaged photo under the name of a system file is dead-lettered",
        "handlers/message_handler.py",
        "return failure.code in _NO_IMAGE and bool(",
        "return bool(",
        ("handlers/test_process_images.py",),
    ),
    Mutation(
        "A failed message is in the partial batch response",
        "handlers/services.py",
        "strict=True) if not result.is_done]",
        "strict=True) if result.is_done is None]",
        ("handlers/test_process_images.py",),
    ),
    Mutation(
        "Only failed messages are in the partial batch response",
        "handlers/services.py",
        "strict=True) if not result.is_done]",
        "strict=True)]",
        ("handlers/test_process_images.py",),
    ),
    Mutation(
        "A dead letter carries its reason",
        "handlers/source_queue.py",
        "for name, value in reason.items()",
        'for name, value in reason.items() if name != "failure-code"',
        ("handlers/test_process_images.py",),
    ),
    Mutation(
        "A message stays in the queue when the DLQ refuses its dead letter",
        "handlers/source_queue.py",
        '            logger.error("Dead letter not sent", message_id=message.message_id, error=type(error).__name__)\n'
        "            return False",
        '            logger.error("Dead letter not sent", message_id=message.message_id, error=type(error).__name__)\n'
        "            return True",
        ("handlers/test_process_images.py",),
    ),
    Mutation(
        "A message is settled once",
        "handlers/settled_messages.py",
        "            return is_first",
        "            return True",
        ("handlers/test_deadline_cleanup.py",),
    ),
    Mutation(
        "Messages that the function may have crashed with are acknowledged at once",
        "handlers/services.py",
        "acknowledge_at_once=bool(crashers)",
        "acknowledge_at_once=False",
        ("handlers/test_possible_crashers.py",),
    ),
    Mutation(
        "Messages that the function may have crashed with are processed one at a time",
        "handlers/batch.py",
        "            self._handle(message, handler)",
        "            self._threads.submit(self._handle, message, handler)",
        ("handlers/test_possible_crashers.py",),
    ),
    Mutation(
        "The commit marker is stored last",
        "handlers/process_source.py",
        "        *renditions, document = keys",
        "        document, *renditions = keys",
        ("handlers/test_faults.py", "handlers/test_races.py"),
    ),
    Mutation(
        "Nothing is stored after the deadline",
        "handlers/process_source.py",
        '        deadline.require(0, "storing the outputs")\n',
        "",
        ("handlers/test_deadline_cleanup.py",),
    ),
    Mutation(
        "An output of a later version is never replaced by an earlier one",
        "handlers/object_store.py",
        "if stored and self._is_older(source, commit.marker, stored.marker):",
        "if stored and False:",
        (
            "handlers/test_process_images.py",
            "handlers/test_races.py",
        ),
    ),
    Mutation(
        "A PUT that conflicts with a concurrent one is sent again",
        "handlers/object_store.py",
        "if http_status(error) in (409, 412) or",
        "if http_status(error) == 412 or",
        ("handlers/test_faults.py",),
    ),
    Mutation(
        "A message without a sequencer never replaces newer outputs",
        "handlers/object_store.py",
        "        return not self._is_current(source)",
        "        return False",
        ("handlers/test_races.py",),
    ),
    Mutation(
        "A source that was overwritten since its event is not processed",
        "handlers/object_store.py",
        '        condition = {"IfMatch": f\'"{source.etag}"\'} if source.etag else {}',
        "        condition: dict[str, str] = {}",
        ("handlers/test_process_images.py",),
    ),
    Mutation(
        "A missing bucket is not a deleted source",
        "handlers/object_store.py",
        'if error_code(error) in ("NoSuchKey", "NoSuchVersion", "404"):',
        "if http_status(error) == 404:",
        ("handlers/test_process_images.py",),
    ),
    Mutation(
        "An SQS client is made when there is a failure, not before",
        "handlers/services.py",
        'once(partial(make_client, "sqs", MESSAGING_CONFIG))',
        'partial(lambda client: client, make_client("sqs", MESSAGING_CONFIG))',
        ("handlers/test_init_phase.py",),
    ),
    Mutation(
        "A late client is made once, however many threads ask",
        "handlers/clients.py",
        "        with _lock:\n            return made()",
        "        return made()",
        ("handlers/test_clients.py",),
    ),
    Mutation(
        "The function does not import boto3",
        "handlers/clients.py",
        "import threading\n",
        "import threading\n\nimport boto3  # noqa: F401\n",
        ("handlers/test_init_phase.py",),
    ),
    Mutation(
        "Garbage is collected again after the init phase",
        "handlers/init_phase.py",
        "    gc.enable()\n",
        "",
        ("handlers/test_init_phase.py",),
    ),
    Mutation(
        "A worker does not inherit credentials",
        "handlers/worker_process.py",
        '_PASSED_ON = ("PATH",',
        '_PASSED_ON = ("AWS_SECRET_ACCESS_KEY", "PATH",',
        ("handlers/test_worker_pool.py",),
    ),
    Mutation(
        "Workers are kept out of the function's memory",
        "processing/worker/sandbox.py",
        "_prctl(_PR_SET_DUMPABLE, 0)",
        "_prctl(_PR_SET_DUMPABLE, 1)",
        ("processing/test_sandbox.py",),
    ),
    Mutation(
        "A worker can open nothing",
        "processing/worker/sandbox.py",
        '"nofile": _set_limit(resource.RLIMIT_NOFILE, 0) and not _can_open()',
        '"nofile": True',
        ("handlers/test_exploits.py",),
    ),
    Mutation(
        "An output is no larger than its settings allow",
        "processing/worker/files.py",
        "if not 0 < size <= limit:",
        "if False:",
        ("handlers/test_exploits.py",),
    ),
    Mutation(
        "A worker without its sandbox renders nothing",
        "processing/worker/sandbox.py",
        'REQUIRED_LAYERS = ("nofile",)',
        "REQUIRED_LAYERS: tuple[str, ...] = ()",
        ("handlers/test_worker_pool.py",),
    ),
    Mutation(
        "What a worker leaves behind is killed",
        "handlers/worker_process.py",
        "        kill_orphans()\n",
        "",
        ("handlers/test_exploits.py",),
    ),
    Mutation(
        "All workers are replaced after a batch in which one was lost",
        "handlers/worker_pool.py",
        "        if self._lost_one.is_set():",
        "        if False:",
        ("handlers/test_worker_pool.py",),
    ),
    Mutation(
        "A photo whose worker is lost gets a second try",
        "handlers/worker_pool.py",
        "                    if alone:\n                        raise PermanentError",
        "                    if True:\n                        raise PermanentError",
        ("handlers/test_worker_pool.py",),
    ),
    Mutation(
        "Digests are deleted only after the summary is published",
        "handlers/roll_up.py",
        "            publish(self.sns, self.settings.topic_arn, collected.message(self.settings.stage))\n"
        "            self.digests.delete(collected.handles.values())",
        "            self.digests.delete(collected.handles.values())\n"
        "            publish(self.sns, self.settings.topic_arn, collected.message(self.settings.stage))",
        ("handlers/test_roll_up.py", "handlers/test_roll_up_at_distance.py"),
    ),
    Mutation(
        "A photo whose event may still come is not called lost",
        "scripts/photo_job/follower.py",
        "is_over = is_second and silence_seconds > self.event_seconds",
        "is_over = is_second",
        ("photo_job/test_follower.py",),
    ),
    Mutation(
        "Originals live longer than their dead letters",
        "scripts/packaging/deployment_rules.py",
        "LEAST_EXPIRY_DAYS = 15",
        "LEAST_EXPIRY_DAYS = 14",
        ("packaging/test_deployment_rules.py",),
    ),
    Mutation(
        "The page about costs shows what npm run capacity prints",
        "scripts/aws/prices.py",
        "s3_archive_gb_month: float = 0.004",
        "s3_archive_gb_month: float = 0.0036",
        ("capacity/test_command.py", "capacity/test_plan.py"),
    ),
    Mutation(
        "reconcile reads 64 markers at once",
        "scripts/reconcile/states.py",
        "THREADS = 64",
        "THREADS = 32",
        ("reconcile/test_comparison.py",),
    ),
    Mutation(
        "reconcile sends nothing again that may still be in the queue",
        "scripts/reconcile/backfill_message.py",
        "entry.step == SENT and datetime.fromisoformat(entry.at) < before",
        "entry.step == SENT",
        ("reconcile/test_backfill_exclusion.py",),
    ),
    Mutation(
        "A digest that an earlier summary may have reported is marked",
        "handlers/digest_queue.py",
        '["ApproximateReceiveCount"]) > 1',
        '["ApproximateReceiveCount"]) > 2',
        ("handlers/test_roll_up_at_distance.py",),
    ),
    Mutation(
        "A run of the roll-up ends although digests keep arriving",
        "handlers/digest_queue.py",
        "if not messages or sent_ms(messages[0]) >= begun_ms:",
        "if not messages:",
        ("handlers/test_roll_up_at_distance.py",),
    ),
    Mutation(
        "A photo of the roll-up is counted under its last outcome only",
        "processing/digest/roll_up.py",
        "            self._remove(photo, old)\n",
        "            pass\n",
        ("processing/digest/test_roll_up.py",),
    ),
    Mutation(
        "A retryable failure backs off",
        "handlers/source_queue.py",
        "self.settings.retry_base_seconds * 2 ** (message.receive_count - 1)",
        "0 * 2 ** (message.receive_count - 1)",
        ("handlers/test_process_images.py",),
    ),
    Mutation(
        "The time limit of a photo holds for its header and its rendering together",
        "handlers/worker_pool.py",
        'self._photo_timeout_seconds - (stopwatch.seconds("process") - before)',
        "self._photo_timeout_seconds",
        ("handlers/test_worker_pool.py",),
    ),
)

PROCESSING = (
    Mutation(
        "EXIF orientation is applied",
        "processing/images/orientation.py",
        "    if orientation == UPRIGHT:",
        "    if orientation >= UPRIGHT:",
        ("images/test_pipeline.py",),
    ),
    Mutation(
        "A photo that lies on its side has its sizes turned",
        "processing/images/pipeline.py",
        "        sizes = tuple((height, width) for width, height in sizes)",
        "        sizes = tuple(sizes)",
        ("images/test_pipeline.py",),
    ),
    Mutation(
        "A truncated JPEG is refused",
        "processing/images/formats/jpeg.py",
        'options={"fail_on": "warning"}',
        'options={"fail_on": "none"}',
        ("images/test_damaged_photos.py",),
    ),
    Mutation(
        "A progressive JPEG that was cut between its scans is refused",
        "processing/images/formats/jpeg.py",
        "    refuse_incomplete(repaired.data, repaired.segments)\n",
        "",
        ("images/test_damaged_photos.py",),
    ),
    Mutation(
        "A JPEG with harmless header defects is repaired",
        "processing/images/formats/jpeg.py",
        "    decodable = repair(data)\n",
        "    decodable = data\n",
        ("images/test_damaged_photos.py",),
    ),
    Mutation(
        "Transparency is flattened on white",
        "processing/images/flatten.py",
        "    white = 0 if image.interpretation",
        "    white = full if image.interpretation",
        ("images/test_pipeline.py",),
    ),
    Mutation(
        "Nothing but artist and copyright survives in the metadata",
        "processing/images/pipeline.py",
        "exif = exif_block(",
        'exif = photo.get("exif-data") if photo.get_typeof("exif-ifd3-GPSLatitude") else exif_block(',
        ("images/test_pipeline.py",),
    ),
    Mutation(
        "A photo of too many pixels is refused by its header",
        "processing/images/header.py",
        "    if width * height > limits.max_pixels:",
        "    if width * height > 100 * limits.max_pixels:",
        ("images/test_header.py",),
    ),
    Mutation(
        "A rendition is never larger than its source",
        "processing/images/geometry.py",
        "    if longest <= box_px:",
        "    if longest == box_px:",
        ("images/test_geometry.py",),
    ),
    Mutation(
        "A worker does not load OpenSSL",
        "processing/worker/__main__.py",
        "import errno\n",
        "import errno\nimport hashlib  # noqa: F401\nimport ssl  # noqa: F401\n",
        ("processing/test_worker.py",),
    ),
    Mutation(
        "A worker's memory is limited",
        "processing/worker/__main__.py",
        "        limit_growth(settings.memory_limit_bytes)",
        "        pass",
        ("processing/test_worker.py",),
    ),
    Mutation(
        "The kernel kills a worker before the function",
        "processing/worker/memory_limit.py",
        '_OOM_SCORE.write_text("1000")',
        '_OOM_SCORE.write_text("0")',
        ("handlers/test_worker_pool.py",),
    ),
    Mutation(
        "A message on its last receive is dead-lettered with a reason",
        "processing/message_outcome.py",
        "    if not retryable or receive_count >= max_receive_count:",
        "    if not retryable or receive_count > max_receive_count:",
        ("processing/test_message_outcome.py",),
    ),
    Mutation(
        "Sequencers are compared with padding",
        "processing/commit_marker.py",
        "    return sequencer.upper().zfill(width) < other.upper().zfill(width)",
        "    return sequencer.upper().zfill(width) < other.upper().ljust(width, '0')",
        ("processing/test_commit_marker.py",),
    ),
    Mutation(
        "processing/ imports no AWS SDK",
        "processing/settings.py",
        "from dataclasses import dataclass",
        "import boto3  # noqa: F401\nfrom dataclasses import dataclass",
        LINT_IMPORTS,
    ),
    Mutation(
        "handlers/ does not import scripts/",
        "handlers/time_budget.py",
        "from contextlib import contextmanager",
        "from contextlib import contextmanager\n\nfrom scripts.cli.repository import REPOSITORY  # noqa: F401",
        LINT_IMPORTS,
    ),
    Mutation(
        "A message that names another bucket than the input bucket is malformed",
        "processing/s3_events.py",
        'if input_bucket not in ("", record.source.bucket):',
        'if input_bucket == "none":',
        ("processing/test_s3_events.py",),
    ),
    Mutation(
        "The data blocks of a GIF are bounded in number",
        "processing/images/formats/gif.py",
        "_MAX_SUB_BLOCKS = 2_000_000",
        "_MAX_SUB_BLOCKS = 2_000_000_000",
        ("images/test_header.py",),
    ),
    Mutation(
        "No key is a link in an e-mail",
        "processing/digest/text.py",
        "return without_links(",
        "return str(",
        ("digest/test_message.py",),
    ),
)

SCRIPTS = (
    Mutation(
        "A redrive deletes a dead letter only after SQS took the message",
        "scripts/dlq/send_then_delete.py",
        "        arrived = [letter for letter in letters if letter.id in sent.arrived]",
        "        arrived = list(letters)",
        ("dlq/test_send_then_delete.py",),
    ),
    Mutation(
        "A redrive sends before it deletes",
        "scripts/dlq/send_then_delete.py",
        "        sent = self.sender.send(messages)",
        "        reader.delete(letters)\n        sent = self.sender.send(messages)",
        ("dlq/test_send_then_delete.py",),
    ),
    Mutation(
        "What was sent by an earlier run is not sent again",
        "scripts/sending/sender.py",
        "batches((message for message in messages if message.item not in result.earlier), most)",
        "batches(messages, most)",
        ("sending/test_sender.py",),
    ),
    Mutation(
        "A batch is journaled before it is sent",
        "scripts/sending/sender.py",
        "            self.journal.record(JournalEntry(message.item, SENDING, message.document) for message in whole)\n",
        "",
        ("sending/test_sender.py",),
    ),
    Mutation(
        "A second run is refused while the first has the journal",
        "scripts/sending/journal.py",
        "PRAGMA locking_mode = EXCLUSIVE",
        "PRAGMA locking_mode = NORMAL",
        ("sending/test_journal.py",),
    ),
    Mutation(
        "A redrive takes only what was selected",
        "scripts/dlq/selection.py",
        "        if reason := selection.mismatch(letter, now):",
        "        if (reason := selection.mismatch(letter, now)) and reason.endswith('old'):",
        ("dlq/test_redrive_at_distance.py",),
    ),
    Mutation(
        "Dead letters that stay are visible again",
        "scripts/aws/dlq_reader.py",
        "        _give_back(reader, screen)\n    if screen",
        "        pass\n    if screen",
        ("dlq/test_send_then_delete.py",),
    ),
    Mutation(
        "Dead letters that another reader holds were not seen",
        "scripts/aws/dlq_reader.py",
        "        self.unseen = visible + self.in_flight",
        "        self.unseen = visible",
        ("aws/test_dlq_reader.py",),
    ),
    Mutation(
        "A dead letter that is received twice is read once",
        "scripts/aws/dlq_reader.py",
        "            new = [letter for letter in letters if not self.holds(letter)]",
        "            new = letters",
        ("aws/test_dlq_reader_at_distance.py",),
    ),
    Mutation(
        "Batches of a group are sent at once",
        "scripts/sending/sender.py",
        "with ThreadPoolExecutor(len(group)) as threads:",
        "with ThreadPoolExecutor(1) as threads:",
        ("sending/test_sender.py",),
    ),
    Mutation(
        "A move task that moved too few is no success",
        "scripts/dlq/move_task.py",
        "return EXIT_SOME_FAILED if is_short or",
        "return EXIT_SOME_FAILED if",
        ("dlq/test_move_task.py",),
    ),
    Mutation(
        "A redriven photo counts as processed only with its commit marker",
        "scripts/dlq/outcomes.py",
        "Outcome.PROCESSED if self.photos.is_done(source) else WAITING",
        "Outcome.PROCESSED",
        ("dlq/test_outcomes.py",),
    ),
    Mutation(
        "Reconcile sends a source whose outputs were made with other settings",
        "scripts/reconcile/states.py",
        "        return State.STALE_SETTINGS",
        "        return State.COMPLETE",
        ("reconcile/test_states.py",),
    ),
    Mutation(
        "A visibility timeout below six timeouts and a window is refused",
        "scripts/packaging/deployment_rules.py",
        "VISIBILITY_FACTOR = 6",
        "VISIBILITY_FACTOR = 1",
        ("packaging/test_deployment_rules.py",),
    ),
    Mutation(
        "The same bucket for sources and outputs is refused",
        "scripts/packaging/deployment_rules.py",
        "        yield SAME_BUCKET",
        "        yield from ()",
        ("packaging/test_deployment_rules.py",),
    ),
    Mutation(
        "A function that cannot start ends the job",
        "scripts/photo_job/function_errors.py",
        "if error.startswith(_AT_INIT):",
        "if error is None:",
        ("photo_job/test_function_errors.py",),
    ),
    Mutation(
        "A photo that is done is processed again after the settings changed",
        "scripts/photo_job/done_photos.py",
        'entry.get("settings") != self.fingerprint',
        'entry.get("settings") is None',
        ("photo_job/test_done_photos.py",),
    ),
    Mutation(
        "A photo whose bytes changed is processed again",
        "scripts/photo_job/done_photos.py",
        'entry.get("etag") != file_etag(file.path)',
        'entry.get("etag") is None',
        ("photo_job/test_done_photos.py",),
    ),
    Mutation(
        "A file above the limit is not uploaded",
        "scripts/photo_job/photo_folder.py",
        "0 < max_bytes < file.size_bytes",
        "0 < max_bytes < 0",
        ("photo_job/test_file_choice.py",),
    ),
    Mutation(
        "No cell of failures.csv is a formula",
        "scripts/cli/failures.py",
        'return f"\'{cell}" if cell',
        "return cell if cell",
        ("cli/test_failures.py",),
    ),
    Mutation(
        "Files that cannot be photos are not uploaded",
        "scripts/photo_job/file_choice.py",
        'return "" if self.takes_all else _kind(path)',
        'return ""',
        ("photo_job/test_file_choice.py",),
    ),
    Mutation(
        "Keys in the contact sheet are data",
        "scripts/contact_sheet/page.py",
        "autoescape=True",
        "autoescape=False",
        ("contact_sheet/test_page.py",),
    ),
    Mutation(
        "The contact sheet of a stage shows a photo by outputs of its current version only",
        "scripts/contact_sheet/stage_photos.py",
        'if document is None or (source and Marker.from_metadata(document["Metadata"]).etag != source.etag):',
        "if document is None:",
        ("scripts/test_report_command.py",),
    ),
    Mutation(
        "No link of a contact sheet is promised for longer than the credentials that signed it",
        "scripts/contact_sheet/stage_links.py",
        "if ends and ends < until:",
        "if ends and ends > until:",
        ("contact_sheet/test_stage_links.py",),
    ),
    Mutation(
        "A contact sheet with presigned links is readable for its owner only",
        "scripts/contact_sheet/stage_links.py",
        "mode=0o600",
        "mode=0o644",
        ("scripts/test_report_command.py",),
    ),
    Mutation(
        "The function emits no metric that nothing reads",
        "handlers/reporting.py",
        '    Outcome.EXHAUSTED: "Exhausted",\n',
        '    Outcome.EXHAUSTED: "Exhausted",\n    Outcome.DEFERRED: "Deferred",\n',
        ("handlers/test_watched_metrics.py",),
    ),
    Mutation(
        "The status of a local stack says that it has no metrics, and shows no zeros",
        "scripts/status/readings.py",
        "status.unknown = dict.fromkeys(from_metrics, no_metrics)",
        "readings |= from_metrics",
        ("scripts/test_status_command.py",),
    ),
    Mutation(
        "The status of a stage shows no alarm of another stage",
        "scripts/status/alarms.py",
        'if stage.outputs.alarm_topic_arn in alarm.get("AlarmActions", [])',
        'if alarm.get("AlarmActions", [])',
        ("scripts/test_status_command.py",),
    ),
    Mutation(
        "Minutes that CloudWatch does not have yet do not lower the pace",
        "scripts/status/metrics.py",
        "(max(last, end - LATE) - first)",
        "(end - first)",
        ("status/test_metrics.py",),
    ),
    Mutation(
        "Commands do not import each other",
        "scripts/dlq/selection.py",
        "from scripts.cli.units import human_duration",
        "from scripts.cli.units import human_duration\nfrom scripts.reconcile.states import State  # noqa: F401",
        LINT_IMPORTS,
    ),
    Mutation(
        "Nothing outside tests imports tests",
        "scripts/cli/units.py",
        "import re\n",
        "import re\n\nimport tests.support.photos  # noqa: F401\n",
        LINT_IMPORTS,
    ),
    Mutation(
        "No cell controls the terminal, whatever is in it",
        "scripts/cli/output.py",
        "else printable(cell)",
        "else cell",
        ("cli/test_output.py",),
    ),
)

TEMPLATE = (
    Mutation(
        "The event source mapping reports batch item failures",
        "serverless.yml",
        "          functionResponseType: ReportBatchItemFailures\n",
        "",
        ("template/test_template.py",),
    ),
    Mutation(
        "Buckets and queues refuse requests without TLS",
        "serverless.yml",
        "Condition: &withoutTls { Bool: { 'aws:SecureTransport': 'false' } }",
        "Condition: &withoutTls { Bool: { 'aws:SecureTransport': 'true' } }",
        ("template/test_template.py",),
    ),
)

MUTATIONS = (*HANDLERS, *PROCESSING, *SCRIPTS, *TEMPLATE)
