const { connect } = require('wechat-backend-client')
const { base } = require('./config')
const { wx } = require('./wechat')

App({
  // 需要登录的操作会自动登录，各页面共用一个会话。
  // Operations that need a session log in by themselves; all pages share one.
  backend: connect({ base, wx }),
})
