"""Fixtures that several folders of tests share."""

pytest_plugins = ("tests.databases", "tests.web_site", "tests.web_stage")
