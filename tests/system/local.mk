# Run by scripts/test, not by make check: they want a Kafka and a Redis.
EXTRA_DIST += \
	tests/system/conftest.py \
	tests/system/harness/__init__.py \
	tests/system/harness/engine.py \
	tests/system/harness/events.py \
	tests/system/harness/http.py \
	tests/system/harness/load.py \
	tests/system/harness/paths.py \
	tests/system/harness/proxy.py \
	tests/system/harness/servers.py \
	tests/system/harness/topics.py \
	tests/system/harness/wait.py \
	tests/system/harness/walk.py \
	tests/system/plugins/scripted.c \
	tests/system/pytest.ini \
	tests/system/requirements.txt \
	tests/system/run \
	tests/system/test_bad_input.py \
	tests/system/test_check.py \
	tests/system/test_cli.py \
	tests/system/test_containers.py \
	tests/system/test_delivery.py \
	tests/system/test_http.py \
	tests/system/test_install.py \
	tests/system/test_kill.py \
	tests/system/test_memory.py \
	tests/system/test_metrics.py \
	tests/system/test_outages.py \
	tests/system/test_proxy.py \
	tests/system/test_quickstart.py \
	tests/system/test_shutdown.py \
	tests/system/test_soak.py \
	tests/system/test_verdicts.py \
	tests/system/test_walk.py \
	tests/system/valgrind.supp
