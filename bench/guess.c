/* bench/guess.c - a guesser of passwords: so many new connections a second, each with
 * one wrong guess.
 *
 *   guess -p PORT [-r CONNECTIONS PER SECOND] [-a ADDRESSES]
 *         [-w MILLISECONDS]
 *
 * From so many addresses of loopback, in different networks. A connection gives up when
 * its guess has been answered, or after so many milliseconds. Ends with standard input,
 * and says how many there were and how many were answered.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { OPEN_MAX = 32768, TICK_MS = 5 };

static int port, rate = 500, addresses = 1, patience_ms = 3000, epoll;
static uint64_t made, answered, failed;

struct guess {
	int fd; /* -1: free */
	bool greeted;
	unsigned lines;
	uint64_t since;
};
static struct guess open_ones[OPEN_MAX];

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void end(struct guess *g)
{
	close(g->fd);
	g->fd = -1;
}

static void begin(struct guess *g)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_port = htons((uint16_t)port),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr_in from = { .sin_family = AF_INET };
	uint32_t n = (uint32_t)(made % (uint64_t)addresses), one = 1;
	struct epoll_event ev = { .events = EPOLLIN, .data.ptr = g };

	from.sin_addr.s_addr = htonl(0x7f400002 + (n << 8));
	*g = (struct guess){ socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), false, 0,
			     now_ms() };
	made++;
	if (g->fd < 0) {
		failed++;
		return;
	}
	setsockopt(g->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
	if (bind(g->fd, (struct sockaddr *)&from, sizeof from) < 0 ||
	    (connect(g->fd, (struct sockaddr *)&to, sizeof to) < 0 &&
	     errno != EINPROGRESS)) {
		failed++;
		end(g);
		return;
	}
	epoll_ctl(epoll, EPOLL_CTL_ADD, g->fd, &ev);
}

/* Greeting, answer to USER, answer to PASS. */
static void hear(struct guess *g)
{
	char text[1024], words[128];
	ssize_t n = read(g->fd, text, sizeof text);

	for (ssize_t i = 0; i < n; i++)
		g->lines += text[i] == '\n';
	if (n > 0 && !g->greeted && text[0] == '+') {
		g->greeted = true;
		int len = snprintf(words, sizeof words,
				   "USER user%u\r\nPASS wrong%u\r\n",
				   (unsigned)(made % 32 + 1), (unsigned)made);
		if (write(g->fd, words, (size_t)len) == len)
			return;
	}
	if (n > 0 && g->greeted && g->lines < 3)
		return;
	answered += g->lines >= 3;
	end(g);
}

static void pace(uint64_t start)
{
	uint64_t now = now_ms(), due = (now - start) * (uint64_t)rate / 1000;

	for (int i = 0; i < OPEN_MAX; i++) {
		struct guess *g = &open_ones[i];

		if (g->fd >= 0 && now - g->since > (uint64_t)patience_ms)
			end(g);
		if (g->fd < 0 && made < due)
			begin(g);
	}
}

int main(int argc, char **argv)
{
	struct pollfd in = { .fd = STDIN_FILENO, .events = POLLIN };
	struct epoll_event events[256];
	int o;

	while ((o = getopt(argc, argv, "p:r:a:w:")) >= 0) {
		int *number = o == 'p'   ? &port
			      : o == 'r' ? &rate
			      : o == 'w' ? &patience_ms
					 : &addresses;

		*number = (int)strtol(optarg, NULL, 10);
	}
	struct rlimit room;

	getrlimit(RLIMIT_NOFILE, &room);
	room.rlim_cur = room.rlim_max;
	setrlimit(RLIMIT_NOFILE, &room);
	epoll = epoll_create1(0);
	for (int i = 0; i < OPEN_MAX; i++)
		open_ones[i].fd = -1;
	const uint64_t start = now_ms();
	while (poll(&in, 1, 0) == 0) {
		int n = epoll_wait(epoll, events, 256, TICK_MS);

		for (int i = 0; i < n; i++)
			hear(events[i].data.ptr);
		pace(start);
	}
	printf("seconds=%.3f made=%llu answered=%llu failed=%llu\n",
	       (double)(now_ms() - start) / 1000, (unsigned long long)made,
	       (unsigned long long)answered, (unsigned long long)failed);
	return 0;
}
