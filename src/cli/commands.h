/* cli/commands.h - the commands of poplar, each in a file of its name.
 *
 * argv[0] is the name of the command. Each returns an exit status of cli/cli.h.
 */
#pragma once

int cli_check(const char *config, int argc, char **argv);
int cli_reload(const char *config, int argc, char **argv);
int cli_config(const char *config, int argc, char **argv);
int cli_user(const char *config, int argc, char **argv);
int cli_deliver(const char *config, int argc, char **argv);
int cli_expire(const char *config, int argc, char **argv);
int cli_quota(const char *config, int argc, char **argv);
int cli_export(const char *config, int argc, char **argv);
int cli_import(const char *config, int argc, char **argv);
int cli_index(const char *config, int argc, char **argv);
int cli_convert(const char *config, int argc, char **argv);
int cli_verify_move(const char *config, int argc, char **argv);
int cli_audit(const char *config, int argc, char **argv);
