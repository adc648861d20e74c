; The native runtime: one function, tg_run, executes a whole program of kernels.
;
; A kernel is      void kernel(ptr pointers, i64 task)
; where `pointers` is an array of operand addresses and `task` counts from 0. The tasks of one call
; are independent of each other; what a task computes never depends on which thread runs it.
;
; All tasks of a program are numbered through: call k owns the numbers [first, end). Two shared words
; are enough to run it on any number of threads:
;
;   next   the number of the task to be taken next; taken by compare-and-swap
;   done   how many tasks are finished
;
; A task may be taken once `done` has reached `needs` of its call, which is the `first` of the
; earliest call since the last barrier: calls without a barrier between them overlap. So a barrier
; waits for *work*, never for *threads*: a thread that is asleep, or that lost its core between two
; tasks, is not missed by the others. Reports to `done` are gathered: a thread adds what it finished
; only when it has to wait or leaves. Neither word is ever reset inside a run, so there is no
; state that a cancelled run could leave behind.
;
; Threads: thread 0 is the caller. The others are the workers of one pool. A worker has a mailbox
; `word` and a lock on which it sleeps:
;
;     idle --caller--> run --worker--> busy --worker, when the program has no more tasks--> idle
;     idle --worker, after spinning in vain--> asleep --caller, who also releases the lock--> run
;     run  --caller, when the program ended before the worker looked--> idle
;
; The caller returns when every worker it called is idle again: nobody reads a program after its run.
;
; Everything here is also valid text for `opt` and `llc`. Two lines depend on the machine and are
; rewritten by runtime.py: the spin hint ("pause") and the number of the monotonic clock.

%Operand = type {
  i64,                  ; slot: which base address
  i64                   ; offset in bytes
}

%Call = type {
  ptr,                  ; kernel
  i64,                  ; first: number of its first task
  i64,                  ; end: number after its last task
  i64,                  ; needs: how many tasks must be done before one of these may start
  i64,                  ; index of its first operand
  i64                   ; number of operands
}

%Program = type {
  ptr,                  ; calls: array of Call
  i64,                  ; number of calls
  i64,                  ; number of tasks of all calls
  ptr,                  ; operands: array of Operand
  i64,                  ; the largest number of operands of any call, at least 1
  i64,                  ; threads, the caller included
  i64,                  ; flags: 1 = quick (keep the interpreter lock, never look for signals)
  ptr,                  ; profile: null, or number of calls + 1 times in ns: start, end of each call
  i64                   ; running: 1 inside tg_run
}

%Worker = type {
  i64,                  ; word: 0 idle, 1 asleep, 2 run, 3 busy
  ptr,                  ; lock, held except for the moment of waking up
  ptr,                  ; pool
  [13 x i64]            ; up to 128 bytes: neighbours share no cache line, nor a prefetched pair
}

%Pool = type {
  i64, [15 x i64],      ; next (a line of its own)
  i64, [15 x i64],      ; done (a line of its own)
  ptr,                  ; program of the present run
  ptr,                  ; slots of the present run
  i64,                  ; number of workers started
  i64,                  ; running: 1 inside a run on this pool
  [12 x i64],
  [0 x %Worker]
}

%Caller = type {        ; what thread 0 needs to look for signals
  ptr,                  ; its Python thread state, while it does not hold the interpreter lock
  i64                   ; time in ns of the next look
}

@tg_clock = internal constant i32 1             ; CLOCK_MONOTONIC

declare i32 @clock_gettime(i32, ptr)
declare i32 @sched_yield()
declare ptr @PyEval_SaveThread()
declare void @PyEval_RestoreThread(ptr)
declare i32 @PyErr_CheckSignals()
declare i64 @PyThread_start_new_thread(ptr, ptr)
declare ptr @PyThread_allocate_lock()
declare i32 @PyThread_acquire_lock(ptr, i32)
declare void @PyThread_release_lock(ptr)

; ---------------------------------------------------------------------------------- time, waiting

; Monotonic time in ns.
define internal i64 @tg_now() #0 {
  %time = alloca [2 x i64]
  %clock = load i32, ptr @tg_clock
  call i32 @clock_gettime(i32 %clock, ptr %time)
  %seconds = load i64, ptr %time
  %rest.at = getelementptr [2 x i64], ptr %time, i64 0, i64 1
  %rest = load i64, ptr %rest.at
  %scaled = mul i64 %seconds, 1000000000
  %now = add i64 %scaled, %rest
  ret i64 %now
}

; Waits a little: a few rounds on the core, afterwards it offers the core to others, as the one
; waited for may need it.
define internal void @tg_relax(i64 %round) #0 {
  %few = icmp ult i64 %round, 256
  br i1 %few, label %spin, label %yield
spin:
  call void asm sideeffect "pause", ""()
  ret void
yield:
  call i32 @sched_yield()
  ret void
}

; ---------------------------------------------------------------------------------- parts of a walk

; Writes the addresses of the operands of call k to `pointers`.
define internal void @tg_resolve(ptr %program, ptr %call, ptr %slots, ptr %pointers) #0 {
entry:
  %operands.at = getelementptr %Program, ptr %program, i64 0, i32 3
  %operands = load ptr, ptr %operands.at
  %first.at = getelementptr %Call, ptr %call, i64 0, i32 4
  %first = load i64, ptr %first.at
  %count.at = getelementptr %Call, ptr %call, i64 0, i32 5
  %count = load i64, ptr %count.at
  %begin = getelementptr %Operand, ptr %operands, i64 %first
  br label %head
head:
  %i = phi i64 [ 0, %entry ], [ %i.next, %body ]
  %more = icmp ult i64 %i, %count
  br i1 %more, label %body, label %finished
body:
  %slot.at = getelementptr %Operand, ptr %begin, i64 %i, i32 0
  %slot = load i64, ptr %slot.at
  %offset.at = getelementptr %Operand, ptr %begin, i64 %i, i32 1
  %offset = load i64, ptr %offset.at
  %base.at = getelementptr ptr, ptr %slots, i64 %slot
  %base = load ptr, ptr %base.at
  %address = getelementptr i8, ptr %base, i64 %offset
  %pointer.at = getelementptr ptr, ptr %pointers, i64 %i
  store ptr %address, ptr %pointer.at
  %i.next = add i64 %i, 1
  br label %head
finished:
  ret void
}

; Writes the time to entry i of the profile, if there is one.
define internal void @tg_record(ptr %program, i64 %i) #0 {
  %profile.at = getelementptr %Program, ptr %program, i64 0, i32 7
  %profile = load ptr, ptr %profile.at
  %none = icmp eq ptr %profile, null
  br i1 %none, label %finished, label %write
write:
  %now = call i64 @tg_now()
  %entry.at = getelementptr i64, ptr %profile, i64 %i
  store i64 %now, ptr %entry.at
  ret void
finished:
  ret void
}

; Looks for signals; true if the run is to be given up, with a Python exception set. Taking the
; interpreter lock may mean waiting for another Python thread (5 ms), so it is done every 50 ms only.
; `caller` is null for workers and for quick programs.
define internal i1 @tg_poll(ptr %caller) #0 {
  %absent = icmp eq ptr %caller, null
  br i1 %absent, label %go.on, label %look
look:
  %now = call i64 @tg_now()
  %due.at = getelementptr %Caller, ptr %caller, i64 0, i32 1
  %due = load i64, ptr %due.at
  %early = icmp slt i64 %now, %due
  br i1 %early, label %go.on, label %ask
ask:
  %state = load ptr, ptr %caller
  call void @PyEval_RestoreThread(ptr %state)
  %status = call i32 @PyErr_CheckSignals()
  %saved = call ptr @PyEval_SaveThread()
  store ptr %saved, ptr %caller
  %later = call i64 @tg_now()
  %due.next = add i64 %later, 50000000
  store i64 %due.next, ptr %due.at
  %stop = icmp ne i32 %status, 0
  ret i1 %stop
go.on:
  ret i1 false
}

; ---------------------------------------------------------------------------------- one thread

; Runs all tasks in order, without atomics. True if stopped by a signal.
define internal i1 @tg_walk_alone(ptr %program, ptr %slots, ptr %caller) #0 {
entry:
  %limit.at = getelementptr %Program, ptr %program, i64 0, i32 4
  %limit = load i64, ptr %limit.at
  %pointers = alloca ptr, i64 %limit, align 16
  %calls = load ptr, ptr %program
  %count.at = getelementptr %Program, ptr %program, i64 0, i32 1
  %count = load i64, ptr %count.at
  call void @tg_record(ptr %program, i64 0)
  br label %call.head
call.head:
  %k = phi i64 [ 0, %entry ], [ %k.next, %call.finished ]
  %more = icmp ult i64 %k, %count
  br i1 %more, label %call.begin, label %finished
call.begin:
  %call = getelementptr %Call, ptr %calls, i64 %k
  %kernel = load ptr, ptr %call
  %first.at = getelementptr %Call, ptr %call, i64 0, i32 1
  %first = load i64, ptr %first.at
  %end.at = getelementptr %Call, ptr %call, i64 0, i32 2
  %end = load i64, ptr %end.at
  %tasks = sub i64 %end, %first
  call void @tg_resolve(ptr %program, ptr %call, ptr %slots, ptr %pointers)
  br label %task.head
task.head:
  %task = phi i64 [ 0, %call.begin ], [ %task.next, %task.run ]
  %tasks.left = icmp ult i64 %task, %tasks
  br i1 %tasks.left, label %task.poll, label %call.finished
task.poll:
  %stop = call i1 @tg_poll(ptr %caller)
  br i1 %stop, label %stopped, label %task.run
task.run:
  call void %kernel(ptr %pointers, i64 %task)
  %task.next = add i64 %task, 1
  br label %task.head
call.finished:
  %k.next = add i64 %k, 1
  call void @tg_record(ptr %program, i64 %k.next)
  br label %call.head
finished:
  ret i1 false
stopped:
  ret i1 true
}

; ---------------------------------------------------------------------------------- many threads

; Adds `mine` finished tasks to `done`; the last of them belongs to call `ready - 1`. In a profiled
; program every call has a barrier, so whoever completes the sum knows that this call just ended.
define internal void @tg_report(ptr %pool, ptr %program, i64 %mine, i64 %ready) #0 {
  %nothing = icmp eq i64 %mine, 0
  br i1 %nothing, label %finished, label %add
add:
  %done.at = getelementptr %Pool, ptr %pool, i64 0, i32 2
  %before = atomicrmw add ptr %done.at, i64 %mine acq_rel
  %after = add i64 %before, %mine
  %calls = load ptr, ptr %program
  %k = sub i64 %ready, 1
  %end.at = getelementptr %Call, ptr %calls, i64 %k, i32 2
  %end = load i64, ptr %end.at
  %complete = icmp eq i64 %after, %end
  br i1 %complete, label %record, label %finished
record:
  call void @tg_record(ptr %program, i64 %ready)
  ret void
finished:
  ret void
}

; Takes and runs tasks until none is left to be taken. True if the run was given up, which ends
; the walks of all threads.
define internal i1 @tg_walk_shared(ptr %pool, ptr %caller) #0 {
entry:
  %next.at = getelementptr %Pool, ptr %pool, i64 0, i32 0
  %done.at = getelementptr %Pool, ptr %pool, i64 0, i32 2
  %program.at = getelementptr %Pool, ptr %pool, i64 0, i32 4
  %program = load ptr, ptr %program.at
  %slots.at = getelementptr %Pool, ptr %pool, i64 0, i32 5
  %slots = load ptr, ptr %slots.at
  %limit.at = getelementptr %Program, ptr %program, i64 0, i32 4
  %limit = load i64, ptr %limit.at
  %pointers = alloca ptr, i64 %limit, align 16
  %calls = load ptr, ptr %program
  %tasks.at = getelementptr %Program, ptr %program, i64 0, i32 2
  %tasks = load i64, ptr %tasks.at
  br label %look

look:   ; k: call of the last task; mine: finished, not yet reported; ready: 1 + call resolved, or 0
  %k.last = phi i64 [ 0, %entry ], [ %k, %try.take ], [ %k, %run ], [ %k, %moved ]
  %mine = phi i64 [ 0, %entry ], [ %mine, %try.take ], [ %mine.next, %run ], [ 0, %moved ]
  %ready = phi i64 [ 0, %entry ], [ %ready, %try.take ], [ %ready.next, %run ], [ %ready, %moved ]
  %number = load atomic i64, ptr %next.at acquire, align 8
  %left = icmp ult i64 %number, %tasks
  br i1 %left, label %find, label %leave

find:   ; the call that owns this number
  %k = phi i64 [ %k.last, %look ], [ %k.after, %find.next ]
  %call = getelementptr %Call, ptr %calls, i64 %k
  %end.at = getelementptr %Call, ptr %call, i64 0, i32 2
  %end = load i64, ptr %end.at
  %found = icmp ult i64 %number, %end
  br i1 %found, label %check, label %find.next
find.next:
  %k.after = add i64 %k, 1
  br label %find

check:  ; may it start?
  %needs.at = getelementptr %Call, ptr %call, i64 0, i32 3
  %needs = load i64, ptr %needs.at
  %done = load atomic i64, ptr %done.at acquire, align 8
  %may.start = icmp uge i64 %done, %needs
  br i1 %may.start, label %take, label %wait.begin

wait.begin:     ; what I finished may be what all wait for
  call void @tg_report(ptr %pool, ptr %program, i64 %mine, i64 %ready)
  br label %wait
wait:
  %round = phi i64 [ 0, %wait.begin ], [ %round.next, %wait.more ]
  %done.now = load atomic i64, ptr %done.at acquire, align 8
  %reached = icmp uge i64 %done.now, %needs
  br i1 %reached, label %moved, label %wait.poll
wait.poll:
  %stop.waiting = call i1 @tg_poll(ptr %caller)
  br i1 %stop.waiting, label %stopped, label %wait.watch
wait.watch:     ; the number moves on if others are quicker, or if the run is given up
  %number.now = load atomic i64, ptr %next.at acquire, align 8
  %same = icmp eq i64 %number.now, %number
  br i1 %same, label %wait.more, label %moved
wait.more:
  call void @tg_relax(i64 %round)
  %round.next = add i64 %round, 1
  br label %wait
moved:
  br label %look

take:
  %stop = call i1 @tg_poll(ptr %caller)
  br i1 %stop, label %stopped.early, label %try.take
try.take:
  %number.after = add i64 %number, 1
  %swap = cmpxchg ptr %next.at, i64 %number, i64 %number.after acq_rel acquire
  %taken = extractvalue { i64, i1 } %swap, 1
  br i1 %taken, label %prepare, label %look

prepare:
  %ready.next = add i64 %k, 1
  %resolved = icmp eq i64 %ready, %ready.next
  br i1 %resolved, label %run, label %resolve
resolve:
  call void @tg_resolve(ptr %program, ptr %call, ptr %slots, ptr %pointers)
  br label %run
run:
  %kernel = load ptr, ptr %call
  %first.at = getelementptr %Call, ptr %call, i64 0, i32 1
  %first = load i64, ptr %first.at
  %task = sub i64 %number, %first
  call void %kernel(ptr %pointers, i64 %task)
  %mine.next = add i64 %mine, 1
  br label %look

leave:
  call void @tg_report(ptr %pool, ptr %program, i64 %mine, i64 %ready)
  %given.up = icmp eq i64 %number, 9223372036854775807
  ret i1 %given.up

stopped.early:
  br label %stopped
stopped:        ; no task has this number: nobody takes another one, nobody waits any more
  store atomic i64 9223372036854775807, ptr %next.at release, align 8
  ret i1 true
}

; Calls the workers to the run, takes part in it, and returns when all of them have left it.
define internal i1 @tg_run_shared(ptr %pool, ptr %program, ptr %slots, ptr %caller) #0 {
entry:
  %next.at = getelementptr %Pool, ptr %pool, i64 0, i32 0
  store atomic i64 0, ptr %next.at monotonic, align 8
  %done.at = getelementptr %Pool, ptr %pool, i64 0, i32 2
  store atomic i64 0, ptr %done.at monotonic, align 8
  %program.at = getelementptr %Pool, ptr %pool, i64 0, i32 4
  store ptr %program, ptr %program.at
  %slots.at = getelementptr %Pool, ptr %pool, i64 0, i32 5
  store ptr %slots, ptr %slots.at
  %running.at = getelementptr %Pool, ptr %pool, i64 0, i32 7
  store i64 1, ptr %running.at
  %workers.at = getelementptr %Pool, ptr %pool, i64 0, i32 6
  %workers = load i64, ptr %workers.at
  %threads.at = getelementptr %Program, ptr %program, i64 0, i32 5
  %threads = load i64, ptr %threads.at
  %wanted = sub i64 %threads, 1
  %enough = icmp ule i64 %wanted, %workers
  %helpers = select i1 %enough, i64 %wanted, i64 %workers
  call void @tg_record(ptr %program, i64 0)
  br label %wake.head

wake.head:
  %w = phi i64 [ 0, %entry ], [ %w.next, %wake.next ]
  %w.more = icmp ult i64 %w, %helpers
  br i1 %w.more, label %wake, label %walk
wake:
  %w.word.at = getelementptr %Pool, ptr %pool, i64 0, i32 9, i64 %w, i32 0
  %w.was = atomicrmw xchg ptr %w.word.at, i64 2 seq_cst
  %asleep = icmp eq i64 %w.was, 1
  br i1 %asleep, label %wake.lock, label %wake.next
wake.lock:
  %w.lock.at = getelementptr %Pool, ptr %pool, i64 0, i32 9, i64 %w, i32 1
  %w.lock = load ptr, ptr %w.lock.at
  call void @PyThread_release_lock(ptr %w.lock)
  br label %wake.next
wake.next:
  %w.next = add i64 %w, 1
  br label %wake.head

walk:
  %stopped = call i1 @tg_walk_shared(ptr %pool, ptr %caller)
  br label %recall.head

recall.head:
  %r = phi i64 [ 0, %walk ], [ %r.next, %recall.next ]
  %r.more = icmp ult i64 %r, %helpers
  br i1 %r.more, label %recall, label %finished
recall:         ; one that has not begun yet need not begin
  %r.word.at = getelementptr %Pool, ptr %pool, i64 0, i32 9, i64 %r, i32 0
  %swap = cmpxchg ptr %r.word.at, i64 2, i64 0 acq_rel acquire
  br label %recall.wait
recall.wait:
  %round = phi i64 [ 0, %recall ], [ %round.next, %recall.more ]
  %word = load atomic i64, ptr %r.word.at acquire, align 8
  %busy = icmp eq i64 %word, 3
  br i1 %busy, label %recall.more, label %recall.next
recall.more:
  call void @tg_relax(i64 %round)
  %round.next = add i64 %round, 1
  br label %recall.wait
recall.next:
  %r.next = add i64 %r, 1
  br label %recall.head

finished:
  store i64 0, ptr %running.at
  ret i1 %stopped
}

; The life of a worker: spin for 50 us, then sleep, until called. Never returns.
define internal void @tg_worker(ptr %worker) #0 {
entry:
  %lock.at = getelementptr %Worker, ptr %worker, i64 0, i32 1
  %lock = load ptr, ptr %lock.at
  %pool.at = getelementptr %Worker, ptr %worker, i64 0, i32 2
  %pool = load ptr, ptr %pool.at
  br label %awake
awake:
  %start = call i64 @tg_now()
  br label %spin
spin:
  %round = phi i64 [ 0, %awake ], [ %round.next, %pause ], [ %round.next, %clock ]
  %word = load atomic i64, ptr %worker acquire, align 8
  %called = icmp eq i64 %word, 2
  br i1 %called, label %begin, label %pause
pause:
  call void asm sideeffect "pause", ""()
  %round.next = add i64 %round, 1
  %low = and i64 %round.next, 63
  %look = icmp eq i64 %low, 0
  br i1 %look, label %clock, label %spin
clock:
  %now = call i64 @tg_now()
  %spent = sub i64 %now, %start
  %long = icmp ugt i64 %spent, 50000
  br i1 %long, label %doze, label %spin
doze:
  %doze.swap = cmpxchg ptr %worker, i64 0, i64 1 seq_cst seq_cst
  %may.sleep = extractvalue { i64, i1 } %doze.swap, 1
  br i1 %may.sleep, label %sleep, label %begin
sleep:
  call i32 @PyThread_acquire_lock(ptr %lock, i32 1)
  br label %awake
begin:
  %begin.swap = cmpxchg ptr %worker, i64 2, i64 3 acq_rel acquire
  %mine = extractvalue { i64, i1 } %begin.swap, 1
  br i1 %mine, label %walk, label %awake
walk:
  call i1 @tg_walk_shared(ptr %pool, ptr null)
  store atomic i64 0, ptr %worker release, align 8
  br label %awake
}

; ---------------------------------------------------------------------------------- for Python

; Starts one more worker. The caller has room for it behind the pool and holds the pool's Python
; lock. 0, or -1 if the system refuses.
define i32 @tg_add_worker(ptr %pool) #0 {
  %count.at = getelementptr %Pool, ptr %pool, i64 0, i32 6
  %count = load i64, ptr %count.at
  %worker = getelementptr %Pool, ptr %pool, i64 0, i32 9, i64 %count
  %lock = call ptr @PyThread_allocate_lock()
  %no.lock = icmp eq ptr %lock, null
  br i1 %no.lock, label %refused, label %start
start:
  call i32 @PyThread_acquire_lock(ptr %lock, i32 1)
  store i64 0, ptr %worker
  %lock.at = getelementptr %Worker, ptr %worker, i64 0, i32 1
  store ptr %lock, ptr %lock.at
  %pool.at = getelementptr %Worker, ptr %worker, i64 0, i32 2
  store ptr %pool, ptr %pool.at
  %identity = call i64 @PyThread_start_new_thread(ptr @tg_worker, ptr %worker)
  %failed = icmp eq i64 %identity, -1
  br i1 %failed, label %refused, label %started
started:
  %count.next = add i64 %count, 1
  store i64 %count.next, ptr %count.at
  ret i32 0
refused:
  ret i32 -1
}

; Runs a program; called with the interpreter lock held, which it gives up meanwhile unless the
; program is quick. `pool` is null for one thread. 0: done. 1: given up, a Python exception is set.
; 2: this program is already running (a signal handler called it).
define i32 @tg_run(ptr %program, ptr %slots, ptr %pool) #0 {
entry:
  %caller = alloca %Caller
  %running.at = getelementptr %Program, ptr %program, i64 0, i32 8
  %running = load i64, ptr %running.at
  %again = icmp ne i64 %running, 0
  br i1 %again, label %refused, label %accepted
accepted:
  store i64 1, ptr %running.at
  %flags.at = getelementptr %Program, ptr %program, i64 0, i32 6
  %flags = load i64, ptr %flags.at
  %quick.bit = and i64 %flags, 1
  %quick = icmp ne i64 %quick.bit, 0
  br i1 %quick, label %choose, label %release
release:
  %saved = call ptr @PyEval_SaveThread()
  store ptr %saved, ptr %caller
  %now = call i64 @tg_now()
  %due = add i64 %now, 50000000
  %due.at = getelementptr %Caller, ptr %caller, i64 0, i32 1
  store i64 %due, ptr %due.at
  br label %choose

choose:
  %polling = phi ptr [ null, %accepted ], [ %caller, %release ]
  %no.pool = icmp eq ptr %pool, null
  br i1 %no.pool, label %alone, label %pool.check
pool.check:     ; a signal handler may run a program while another one has the pool
  %pool.running.at = getelementptr %Pool, ptr %pool, i64 0, i32 7
  %pool.running = load i64, ptr %pool.running.at
  %pool.taken = icmp ne i64 %pool.running, 0
  br i1 %pool.taken, label %alone, label %shared
alone:
  %stopped.alone = call i1 @tg_walk_alone(ptr %program, ptr %slots, ptr %polling)
  br label %restore.check
shared:
  %stopped.shared = call i1 @tg_run_shared(ptr %pool, ptr %program, ptr %slots, ptr %polling)
  br label %restore.check

restore.check:
  %stopped = phi i1 [ %stopped.alone, %alone ], [ %stopped.shared, %shared ]
  br i1 %quick, label %finished, label %restore
restore:
  %state = load ptr, ptr %caller
  call void @PyEval_RestoreThread(ptr %state)
  br label %finished
finished:
  store i64 0, ptr %running.at
  %status = zext i1 %stopped to i32
  ret i32 %status
refused:
  ret i32 2
}

; Unwind tables, since a thread that asks for the interpreter lock of an interpreter that has ended
; is unwound by PyEval_RestoreThread.
attributes #0 = { nounwind uwtable }
