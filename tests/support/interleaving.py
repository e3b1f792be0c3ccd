"""Runs threads one step at a time, in an order that the test chooses, so that every interleaving can be repeated.

A step ends where a task calls `pause`, as the fake S3 does before each operation.
"""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future, wait
from contextvars import ContextVar
from enum import Enum, auto
from typing import Any

_TASK: ContextVar["Task"] = ContextVar("task")
PATIENCE_SECONDS = 30


class State(Enum):
    RUNNING = auto()
    PAUSED = auto()
    WAITING = auto()  # for other tasks
    ENDED = auto()


class ProcessKilledError(BaseException):
    """Ends a task whose process was killed."""


class Task:
    """A thread.

    Attributes:
        process: the name of its process: all tasks of a process are killed together.
    """

    def __init__(self, process: str, order: int) -> None:
        self.process = process
        self.order = order
        self.state = State.RUNNING
        self.waits_for: Future[Any] | None = None
        self.may_go = threading.Lock()  # released for one step at a time
        self.may_go.acquire()

    @property
    def is_busy(self) -> bool:
        """Return True when it runs, or is about to because the task that it waited for has ended."""
        has_waited = self.state is State.WAITING and self.waits_for is not None and self.waits_for.done()
        return self.state is State.RUNNING or has_waited


class Scheduler:
    """Starts tasks and lets one of them take a step at a time.

    Args:
        choose: picks one of the processes that could go on next; called once for each step.
    """

    def __init__(self, choose: Callable[[Sequence[Task]], Task]) -> None:
        self._choose = choose
        self._tasks: list[Task] = []
        self._dead: set[str] = set()
        self._changed = threading.Condition()

    def spawn(self, process: str, work: Callable[[], Any]) -> "Future[Any]":
        """Start a thread of a process."""
        future = TaskFuture(self)
        with self._changed:
            task = Task(process, len(self._tasks))
            self._tasks.append(task)
        threading.Thread(target=self._run, args=(task, work, future), daemon=True).start()
        return future

    def _run(self, task: Task, work: Callable[[], Any], future: "Future[Any]") -> None:
        _TASK.set(task)
        try:
            future.set_result(work())
        except BaseException as error:  # noqa: BLE001 (the future raises it)
            future.set_exception(error)
        finally:
            self._set(task, State.ENDED)

    @property
    def process(self) -> str:
        """Return the current task's process."""
        return _TASK.get().process

    def pause(self, *_: Any) -> None:
        """End the current task's step.

        Raises:
            ProcessKilledError: its process was killed meanwhile.
        """
        task = _TASK.get()
        self._set(task, State.PAUSED)
        task.may_go.acquire()
        if task.process in self._dead:
            raise ProcessKilledError

    def kill(self, process: str) -> None:
        """Keep all tasks of a process from taking another step that has an effect."""
        self._dead.add(process)

    def wait_for(self, future: "Future[Any]") -> None:
        """Let the current task wait for the end of another one."""
        task = _TASK.get()
        task.waits_for = future
        self._set(task, State.WAITING)
        wait([future], PATIENCE_SECONDS)
        self._set(task, State.RUNNING)

    def run(self) -> None:
        """Take steps until every task has ended."""
        while True:
            with self._changed:
                assert self._changed.wait_for(self._is_quiet, PATIENCE_SECONDS), "a task hangs"
                paused = [task for task in self._tasks if task.state is State.PAUSED]
                if not paused:
                    return
                task = self._choose(paused)
                task.state = State.RUNNING
            task.may_go.release()

    def _is_quiet(self) -> bool:
        return not any(task.is_busy for task in self._tasks)

    def _set(self, task: Task, state: State) -> None:
        with self._changed:
            task.state = state
            if self._is_quiet():
                self._changed.notify_all()


class TaskFuture(Future[Any]):
    """The future of a task; a task that waits for it is not expected to take a step."""

    def __init__(self, scheduler: Scheduler) -> None:
        super().__init__()
        self._scheduler = scheduler

    def exception(self, timeout: float | None = None) -> BaseException | None:
        self._scheduler.wait_for(self)
        return super().exception(timeout)


class Tasks(Executor):
    """An executor whose threads are tasks of one process."""

    def __init__(self, scheduler: Scheduler, process: str) -> None:
        self._scheduler = scheduler
        self._process = process

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Future[Any]":
        return self._scheduler.spawn(self._process, lambda: fn(*args, **kwargs))
