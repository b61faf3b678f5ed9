"""The small world that ships with kgqa: films, art, buildings and cities, with questions made by walking its facts.

world/           entities, facts and relations, kept by hand
templates.toml   how questions are worded, and by which relations they are answered
model.toml       the settings of the demo's training
"""

from kgqa.demo.world import DEMO_QUESTIONS, DemoQuestion, settings, write_world

__all__ = ["DEMO_QUESTIONS", "DemoQuestion", "settings", "write_world"]
