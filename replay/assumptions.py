def assumptions(config):
    return {}
