/* The process that holds a pod's namespaces: sleeps, reaps what is orphaned, ends when it is told to. */
#include <signal.h>
#include <unistd.h>

static void end(int signal) {
    (void)signal;
    _exit(0);
}

int main(void) {
    signal(SIGINT, end);
    signal(SIGTERM, end);
    signal(SIGCHLD, SIG_IGN);
    for (;;)
        pause();
}
