/* SPDX-License-Identifier: MIT */
/*
** Calls that may block: files, pipes, commands. They run on threads of their
** own while the coroutine that made them waits. Part of CLua.h.
*/
#ifndef LH_JOB_H
#define LH_JOB_H

/* One call. It belongs to the script, and to its thread while that runs. */
typedef struct lh_job lh_job;

/* Runs the job on another thread and calls `done` there when it is over, also
** after it was cancelled. */
void lh_job_start(lh_job *job, void (*done)(void *context), void *context);
/* The result is wanted no more: a wait for a pipe or a command ends at once. */
void lh_job_cancel(lh_job *job);

/* Called when Lua code on L makes such a call: begins a wait of the running
** task, starts the job and returns true; or returns false, and the call blocks.
** Without a blocker all of them block. */
typedef bool (*lh_blocker)(void *context, lh_state *L, lh_job *job);
void lh_vm_set_blocker(lh_vm *vm, lh_blocker blocker, void *context);

#endif
