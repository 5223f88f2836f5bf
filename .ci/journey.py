APPS = [("wx1111111111111111", "mini_program", True), ("wx2222222222222222", "official_account", True), ("wx3333333333333333", "mobile_app", False), ("wx4444444444444444", "website", False)]
def travel(*a): pass
