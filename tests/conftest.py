"""Fixtures that several folders of tests share."""

pytest_plugins = ("tests.databases", "tests.stored_centre", "tests.web_site", "tests.web_stage")
